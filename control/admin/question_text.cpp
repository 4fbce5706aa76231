#include "control/admin/question_text.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/model/field_edits.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

bool has_odd_bytes(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

Checked<> read_url(std::string_view url, Question& question) {
    const auto refuse = [&](std::string_view why) {
        return problem(
            "'{}' is not a URL to ask about: {}; allowed: http://host[:port]/path?query "
            "or https://...",
            url, why);
    };
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return refuse("it has no scheme");
    question.scheme = ascii::lower(url.substr(0, scheme_end));
    if (question.scheme != "http" && question.scheme != "https")
        return refuse("its scheme is another");
    if (has_odd_bytes(url)) return refuse("it has a space or a control character");
    auto rest = url.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty()) return refuse("it has no host");
    if (authority.find('@') != std::string_view::npos) return refuse("it has a user in it");
    question.authority = authority;
    const auto target = rest.substr(authority.size());
    question.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return {};
}

Checked<> read_header(std::string_view line, Question& question) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const bool is_bad = colon == std::string_view::npos || !model::is_field_name(name) ||
                        line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
    if (is_bad) return problem("'{}' is not a header; allowed: Name: value", line);
    question.fields.emplace_back(name, ascii::trim(line.substr(colon + 1)));
    return {};
}

}  // namespace

Checked<Question> read_question(std::string_view method, std::string_view url,
                                const std::vector<std::string>& headers, std::string_view client) {
    Question question;
    if (!model::is_field_name(method))
        return problem("'{}' is not a method; allowed: a method's name, as GET", method);
    question.method = method;
    if (const auto read = read_url(url, question); !read) return read.error();
    for (const auto& header : headers) {
        if (const auto read = read_header(header, question); !read) return read.error();
    }
    if (!client.empty() && !model::read_ip(client))
        return problem("'{}' is not a client's address; allowed: an IP address", client);
    question.client = client;
    return question;
}

}  // namespace fairlead::control
