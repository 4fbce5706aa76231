#include "proxy/http/head_parser.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/characters.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::http {
namespace {

// RFC 9112 2.2: a server should ignore at least one empty line before the request line.
constexpr std::size_t most_leading_bytes = 4;

bool parse_version(std::string_view text, Version& version) {
    if (text == "HTTP/1.1") {
        version = Version::http11;
    } else if (text == "HTTP/1.0") {
        version = Version::http10;
    } else {
        return false;
    }
    return true;
}

/// "name: value" with surrounding white space of the value removed; false: malformed.
bool parse_field(std::string_view line, Field& field) {
    std::size_t colon = 0;
    while (colon < line.size() && is(line[colon], token_character)) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':') return false;
    field.name = line.substr(0, colon);
    field.value = ascii::trim(line.substr(colon + 1));
    field.id = field_id(field.name);
    return all_are(field.value, value_character);
}

}  // namespace

HeadParser::Line HeadParser::next_line(std::string_view data, std::string_view& line) {
    const auto* const feed =
        static_cast<const char*>(std::memchr(data.data() + scanned_, '\n', data.size() - scanned_));
    if (feed == nullptr) {
        scanned_ = data.size();
        return Line::none;
    }
    const auto end = static_cast<std::size_t>(feed - data.data());
    if (end == at_ || data[end - 1] != '\r') return Line::bad;
    line = data.substr(at_, end - 1 - at_);
    at_ = scanned_ = end + 1;
    return Line::some;
}

ParseStatus HeadParser::parse_request(std::string_view data, const HeadLimits& limits,
                                      RequestHead& head) {
    while (!has_start_line_) {
        std::string_view line;
        const auto found = next_line(data, line);
        if (found == Line::none) {
            has_begun_ = has_begun_ || data.size() > at_;
            return data.size() > limits.bytes ? fail(Reason::head_too_large)
                                              : ParseStatus::incomplete;
        }
        if (found == Line::bad) return fail(Reason::bad_request_line);
        if (line.empty()) {
            if (at_ > most_leading_bytes) return fail(Reason::bad_request_line);
            continue;
        }
        has_begun_ = true;
        if (!parse_request_line(line, head)) return ParseStatus::failed;
        has_start_line_ = true;
        head.fields.clear();
    }
    return parse_fields(data, limits, head.fields);
}

ParseStatus HeadParser::parse_response(std::string_view data, const HeadLimits& limits,
                                       ResponseHead& head) {
    if (!has_start_line_) {
        std::string_view line;
        const auto found = next_line(data, line);
        if (found == Line::none)
            return data.size() > limits.bytes ? fail(Reason::bad_response)
                                              : ParseStatus::incomplete;
        if (found == Line::bad || !parse_status_line(line, head)) return fail(Reason::bad_response);
        has_start_line_ = true;
        head.fields.clear();
    }
    const auto status = parse_fields(data, limits, head.fields);
    return status == ParseStatus::failed ? fail(Reason::bad_response) : status;
}

ParseStatus HeadParser::parse_trailers(std::string_view data, const HeadLimits& limits,
                                       std::vector<Field>& fields) {
    if (at_ == 0) fields.clear();
    return parse_fields(data, limits, fields);
}

ParseStatus HeadParser::parse_fields(std::string_view data, const HeadLimits& limits,
                                     std::vector<Field>& fields) {
    for (;;) {
        std::string_view line;
        const auto found = next_line(data, line);
        if (found == Line::bad) return fail(Reason::bad_header);
        if (at_ > limits.bytes) return fail(Reason::head_too_large);
        if (found == Line::none) {
            return data.size() > limits.bytes ? fail(Reason::head_too_large)
                                              : ParseStatus::incomplete;
        }
        if (line.empty()) return ParseStatus::complete;
        if (fields.size() == limits.fields) return fail(Reason::head_too_large);
        Field field;
        if (!parse_field(line, field)) return fail(Reason::bad_header);
        fields.push_back(field);
    }
}

bool HeadParser::parse_request_line(std::string_view line, RequestHead& head) {
    const auto refuse = [&](Reason why) {
        reason_ = why;
        return false;
    };
    if (line == "PRI * HTTP/2.0") return refuse(Reason::http2_on_http1);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return refuse(Reason::bad_request_line);
    head.method_name = line.substr(0, first);
    if (head.method_name.empty() || !all_are(head.method_name, token_character))
        return refuse(Reason::bad_method);
    if (head.method_name == "CONNECT") return refuse(Reason::bad_method);
    head.method = method_of(head.method_name);
    if (!parse_version(line.substr(last + 1), head.version)) return refuse(Reason::bad_version);
    if (!parse_target(line.substr(first + 1, last - first - 1), head))
        return refuse(Reason::bad_target);
    return true;
}

bool HeadParser::parse_target(std::string_view target, RequestHead& head) {
    if (target.empty() || !all_are(target, target_character)) return false;
    head.absolute_authority = {};
    if (target == "*") {
        head.target = head.path = target;
        return head.method == Method::options;
    }
    if (target.front() != '/') {
        // Absolute form, RFC 9112 3.2.2. We are asked as a server: http and https alike.
        const auto scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos) return false;
        const auto scheme = target.substr(0, scheme_end);
        if (!ascii::iequals(scheme, "http") && !ascii::iequals(scheme, "https")) return false;
        target.remove_prefix(scheme_end + 3);
        const auto authority_end = target.find_first_of("/?");
        head.absolute_authority = target.substr(0, authority_end);
        if (head.absolute_authority.empty()) return false;
        target = authority_end == std::string_view::npos ? std::string_view("/")
                                                         : target.substr(authority_end);
        if (target.front() == '?') return false;  // "http://host?query": no path to put before it
    }
    head.target = target;
    head.path = target.substr(0, target.find('?'));
    return true;
}

bool HeadParser::parse_status_line(std::string_view line, ResponseHead& head) {
    constexpr std::size_t version_size = 8;
    if (line.size() < version_size + 4 || line[version_size] != ' ') return false;
    if (!parse_version(line.substr(0, version_size), head.version)) return false;
    const auto digits = line.substr(version_size + 1, 3);
    if (!std::all_of(digits.begin(), digits.end(), ascii::is_digit) || digits[0] == '0')
        return false;
    head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    auto rest = line.substr(version_size + 4);
    if (!rest.empty() && rest.front() != ' ') return false;  // a fourth digit
    if (!rest.empty()) rest.remove_prefix(1);
    head.reason = rest;
    return head.status <= 599 && all_are(rest, value_character);
}

}  // namespace fairlead::http
