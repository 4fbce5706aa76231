#include "control/api/json_text.hpp"

#include "proxy/base/ascii.hpp"

namespace fairlead::control {
namespace {

void append_escaped(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    switch (c) {
        case '"':
        case '\\':
            out.append({'\\', c});
            return;
        case '\b':
            out.append("\\b");
            return;
        case '\f':
            out.append("\\f");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            out.append("\\u00").append({digits[code >> 4], digits[code & 15]});
    }
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && ascii::is_digit(text[at])) ++at;
    return at;
}

/// RFC 8259, 6: -? int frac? exp?
bool is_json_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const auto whole = at;
    at = skip_digits(text, at);
    if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
    if (at < text.size() && text[at] == '.') {
        const auto fraction = ++at;
        at = skip_digits(text, at);
        if (at == fraction) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const auto exponent = at;
        at = skip_digits(text, at);
        if (at == exponent) return false;
    }
    return at == text.size();
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain = 0;  // where what needs no escape begins
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = static_cast<unsigned char>(text[i]);
        if (code >= 0x20 && code != '"' && code != '\\') continue;
        out.append(text, plain, i - plain);
        append_escaped(out, text[i]);
        plain = i + 1;
    }
    out.append(text, plain, text.size() - plain).push_back('"');
}

void append_json_score(std::string& out, std::string_view text) {
    if (is_json_number(text)) {
        out.append(text);
    } else {
        append_json(out, text);
    }
}

}  // namespace fairlead::control
