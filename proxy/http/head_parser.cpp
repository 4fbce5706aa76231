#include "proxy/http/head_parser.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/scan.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::http {
namespace {

// RFC 9112 2.2: a server should ignore at least one empty line before the request line.
constexpr std::size_t most_leading_bytes = 4;

// What ends a request line, and begins a status line.
constexpr std::size_t version_size = 8;

bool parse_version(const char* text, Version& version) noexcept {
    if (std::memcmp(text, "HTTP/1.", version_size - 1) != 0) return false;
    const char minor = text[version_size - 1];
    version = minor == '0' ? Version::http10 : Version::http11;
    return minor == '0' || minor == '1';
}

bool begins_with_line_end(const char* p, const char* end) noexcept {
    return end - p >= 2 && std::memcmp(p, "\r\n", 2) == 0;
}

std::string_view between(const char* begin, const char* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// Whether every '%' begins an escape, and none is a NUL: what is behind us may cut the path there.
bool has_clean_escapes(std::string_view path) noexcept {
    for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        if (path.size() - at < 3 || !all_are(path.substr(at + 1, 2), hex_digit)) return false;
        if (path.substr(at + 1, 2) == "00") return false;
    }
    return true;
}

/// `target` has only target characters. Sets target, path and absolute_authority.
bool read_target(std::string_view target, RequestHead& head) {
    head.absolute_authority = {};
    if (target.front() != '/') {
        if (target == "*") {
            head.target = head.path = target;
            return head.method == Method::options;
        }
        // Absolute form, RFC 9112 3.2.2. We are asked as a server: http and https alike.
        const auto scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos) return false;
        const auto scheme = target.substr(0, scheme_end);
        if (!ascii::iequals(scheme, "http") && !ascii::iequals(scheme, "https")) return false;
        target.remove_prefix(scheme_end + 3);
        const auto authority_end = target.find_first_of("/?");
        head.absolute_authority = target.substr(0, authority_end);
        if (head.absolute_authority.empty()) return false;
        if (authority_end == std::string_view::npos) {
            // RFC 9112 3.2.4: for OPTIONS, no path means the server itself.
            target = head.method == Method::options ? "*" : "/";
        } else {
            target.remove_prefix(authority_end);
        }
        // RFC 9112 3.2.1: an empty path is sent as "/".
        if (target.front() == '?') target = head.rooted_target.assign("/").append(target);
    }
    head.target = target;
    const void* const mark = std::memchr(target.data(), '?', target.size());
    head.path = mark == nullptr ? target : between(target.data(), static_cast<const char*>(mark));
    return has_clean_escapes(head.path);
}

}  // namespace

ParseStatus HeadParser::wait(std::string_view data, const HeadLimits& limits) noexcept {
    const auto reached = limit_reached(data.size(), limits);
    return reached == Reason::none ? ParseStatus::incomplete : fail(reached);
}

Reason HeadParser::limit_reached(std::size_t end, const HeadLimits& limits) const noexcept {
    const auto head = limits.bytes - at_;
    const auto line = has_start_line_ ? limits.field : limits.start_line;
    if (end - at_ <= std::min(head, line)) return Reason::none;
    if (head < line) return Reason::head_too_large;
    return has_start_line_ ? Reason::header_too_large : Reason::request_line_too_long;
}

bool HeadParser::is_still_open(std::string_view data) {
    if (scanned_ <= at_) return false;
    const char* const end = data.data() + data.size();
    const char* const stop = scan::value_end(data.data(), data.data() + scanned_, end);
    scanned_ = static_cast<std::size_t>(stop - data.data());
    return stop == end || (*stop == '\r' && stop + 1 == end);
}

ParseStatus HeadParser::judge(std::string_view data, const HeadLimits& limits,
                              Diagnosis diagnosis) {
    const char* const end = data.data() + data.size();
    const char* const stop =
        scan::value_end(data.data(), data.data() + std::max(at_, scanned_), end);
    scanned_ = static_cast<std::size_t>(stop - data.data());
    if (stop == end || (*stop == '\r' && stop + 1 == end)) return wait(data, limits);
    const auto looked_at = scanned_ + (*stop == '\r' ? 2 : 1);
    const auto reached = limit_reached(looked_at, limits);
    if (reached != Reason::none) return fail(reached);
    auto line_end = *stop == '\r' || *stop == '\n' ? LineEnd::bare : LineEnd::control;
    if (begins_with_line_end(stop, end)) line_end = LineEnd::whole;
    return fail(diagnosis(data.substr(at_, scanned_ - at_), line_end));
}

Reason HeadParser::diagnose_field(std::string_view, LineEnd) {
    return Reason::bad_header;
}

Reason HeadParser::diagnose_request_line(std::string_view line, LineEnd end) {
    if (end == LineEnd::bare) return Reason::bad_request_line;
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (end == LineEnd::control) {
        if (first == std::string_view::npos) return Reason::bad_method;
        return first == last ? Reason::bad_target : Reason::bad_version;
    }
    if (first == std::string_view::npos || first == last) return Reason::bad_request_line;
    if (line == "PRI * HTTP/2.0") return Reason::http2_on_http1;
    const auto method = line.substr(0, first);
    if (method.empty() || !all_are(method, token_character) || method == "CONNECT")
        return Reason::bad_method;
    const auto version = line.substr(last + 1);
    Version parsed = {};
    if (version.size() != version_size || !parse_version(version.data(), parsed))
        return Reason::bad_version;
    return Reason::bad_target;
}

ParseStatus HeadParser::parse_request(std::string_view data, const HeadLimits& limits,
                                      RequestHead& head) {
    if (is_still_open(data)) return wait(data, limits);
    if (!has_start_line_) {
        const char* const end = data.data() + data.size();
        while (begins_with_line_end(data.data() + at_, end)) {
            if (at_ + 2 > most_leading_bytes) return fail(Reason::bad_request_line);
            at_ += 2;
        }
        has_begun_ = has_begun_ || data.size() > at_;
        const auto status = parse_request_line(data, limits, head);
        if (status != ParseStatus::complete) return status;
        has_start_line_ = true;
        head.fields.clear();
        head.present = FieldSet();
    }
    return parse_fields(data, limits, head.fields, head.present);
}

ParseStatus HeadParser::parse_response(std::string_view data, const HeadLimits& limits,
                                       ResponseHead& head) {
    const auto status = parse_response_head(data, limits, head);
    if (status == ParseStatus::failed) {
        const bool too_large =
            reason_ == Reason::head_too_large || reason_ == Reason::too_many_headers;
        reason_ = too_large ? Reason::response_head_too_large : Reason::bad_response;
    }
    return status;
}

ParseStatus HeadParser::parse_response_head(std::string_view data, const HeadLimits& limits,
                                            ResponseHead& head) {
    if (is_still_open(data)) return wait(data, limits);
    if (!has_start_line_) {
        const auto status = parse_status_line(data, limits, head);
        if (status != ParseStatus::complete) return status;
        has_start_line_ = true;
        head.fields.clear();
        head.present = FieldSet();
    }
    return parse_fields(data, limits, head.fields, head.present);
}

ParseStatus HeadParser::parse_trailers(std::string_view data, const HeadLimits& limits,
                                       std::vector<Field>& fields) {
    if (is_still_open(data)) return wait(data, limits);
    if (at_ == 0) fields.clear();
    has_start_line_ = true;  // it was the head's
    FieldSet present;
    return parse_fields(data, limits, fields, present);
}

ParseStatus HeadParser::parse_fields(std::string_view data, const HeadLimits& limits,
                                     std::vector<Field>& fields, FieldSet& present) {
    const char* const begin = data.data();
    const char* const end = begin + data.size();
    const char* const most = begin + std::min(limits.bytes, data.size());
    const char* line = begin + at_;
    const auto refuse = [&] {
        at_ = static_cast<std::size_t>(line - begin);
        return judge(data, limits, &HeadParser::diagnose_field);
    };
    for (auto left = limits.fields - std::min(limits.fields, fields.size());; --left) {
        bool underscore = false;
        const char* const name_end = scan::token_end(data.data(), line, end, underscore);
        if (name_end == line && begins_with_line_end(line, end)) break;
        if (name_end == line || name_end == end || *name_end != ':') return refuse();
        const char* value = name_end + 1;
        if (value != end && *value == ' ') ++value;  // as nearly everybody writes it
        while (value != end && (*value == ' ' || *value == '\t')) ++value;
        const char* const stop = scan::value_end(data.data(), value, end);
        if (!begins_with_line_end(stop, end)) return refuse();
        const char* const next = stop + 2;
        if (next > most || static_cast<std::size_t>(next - line) > limits.field) {
            at_ = static_cast<std::size_t>(line - begin);
            return fail(limit_reached(static_cast<std::size_t>(next - begin), limits));
        }
        if (left == 0) return fail(Reason::too_many_headers);
        const char* value_end = stop;
        // No control byte is left there but tab.
        while (value_end != value && static_cast<unsigned char>(value_end[-1]) <= ' ') --value_end;
        const auto name = between(line, name_end);
        const auto id = field_id(name);
        present.add(id);
        fields.push_back({name, between(value, value_end), id, underscore});
        line = next;
    }
    at_ = static_cast<std::size_t>(line + 2 - begin);
    return at_ > limits.bytes ? fail(Reason::head_too_large) : ParseStatus::complete;
}

ParseStatus HeadParser::parse_request_line(std::string_view data, const HeadLimits& limits,
                                           RequestHead& head) {
    const char* const line = data.data() + at_;
    const char* const end = data.data() + data.size();
    const auto refuse = [&] { return judge(data, limits, &HeadParser::diagnose_request_line); };
    bool underscore = false;
    const char* const method_end = scan::token_end(data.data(), line, end, underscore);
    if (method_end == line || method_end == end || *method_end != ' ') return refuse();
    const char* const target = method_end + 1;
    const char* const stop = scan::target_end(data.data(), target, end);
    if (stop == target || static_cast<std::size_t>(end - stop) < version_size + 3 || *stop != ' ' ||
        !begins_with_line_end(stop + 1 + version_size, end))
        return refuse();
    head.method_name = between(line, method_end);
    head.method = method_of(head.method_name);
    if (head.method == Method::other && head.method_name == "CONNECT") return refuse();
    if (!parse_version(stop + 1, head.version)) return refuse();
    if (!read_target(between(target, stop), head)) return refuse();
    const auto size = static_cast<std::size_t>(stop + 1 + version_size + 2 - data.data());
    const auto reached = limit_reached(size, limits);
    if (reached != Reason::none) return fail(reached);
    at_ = size;
    return ParseStatus::complete;
}

ParseStatus HeadParser::parse_status_line(std::string_view data, const HeadLimits& limits,
                                          ResponseHead& head) {
    // "HTTP/1.1 200", then a phrase behind a space, or nothing.
    constexpr std::size_t code_end = version_size + 4;
    const char* const line = data.data() + at_;
    const char* const end = data.data() + data.size();
    const auto refuse = [&] { return judge(data, limits, &HeadParser::diagnose_field); };
    if (static_cast<std::size_t>(end - line) < code_end + 2) return refuse();
    if (!parse_version(line, head.version) || line[version_size] != ' ') return refuse();
    const char* const digits = line + version_size + 1;
    if (!std::all_of(digits, digits + 3, ascii::is_digit)) return refuse();
    head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    if (head.status < 100 || head.status > 599) return refuse();
    const char* phrase = line + code_end;
    const char* const stop = scan::value_end(data.data(), phrase, end);
    if (!begins_with_line_end(stop, end)) return refuse();
    if (stop != phrase) {
        if (*phrase != ' ') return refuse();  // a fourth digit
        ++phrase;
    }
    const auto size = static_cast<std::size_t>(stop + 2 - data.data());
    const auto reached = limit_reached(size, limits);
    if (reached != Reason::none) return fail(reached);
    head.reason = between(phrase, stop);
    at_ = size;
    return ParseStatus::complete;
}

}  // namespace fairlead::http
