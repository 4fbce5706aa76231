// What holds of every head that the parser takes, whatever it was: said once more, without the
// parser's tables.
#pragma once

#include "proxy/http/head_parser.hpp"
#include "tests/fuzz/fuzzing.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::fuzz {

inline bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

inline bool is_value(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    if (!text.empty() && (is_space(text.front()) || is_space(text.back()))) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

inline void require_sound(const std::vector<http::Field>& fields, const Bytes& input,
                          const http::HeadLimits& limits) {
    require(fields.size() <= limits.fields, "no more fields than the limit");
    for (const auto& field : fields) {
        require(input.holds(field.name) && input.holds(field.value), "views lie in the input");
        require(is_token(field.name), "names are tokens");
        require(is_value(field.value), "values are trimmed and have no control byte");
        require(field.has_underscore == (field.name.find('_') != std::string_view::npos),
                "underscores are seen");
        require(field.id == http::field_id(lower(field.name)), "names are known in any case");
    }
}

/// All names that Connection fields list, in lower case.
inline std::vector<std::string> named_by_connection(const std::vector<http::Field>& fields) {
    std::vector<std::string> names;
    for (const auto& field : fields) {
        if (field.id != http::FieldId::connection) continue;
        std::string name;
        for (const char c : std::string(field.value) + ",") {
            if (c != ',') {
                if (!name.empty() || (c != ' ' && c != '\t')) name += c;
                continue;
            }
            name.erase(name.find_last_not_of(" \t") + 1);
            names.push_back(lower(name));
            name.clear();
        }
    }
    return names;
}

/// The fields without meaning to us that are to be passed on, as text.
inline std::string passed_on(const std::vector<http::Field>& fields, bool with_underscores) {
    const auto named = named_by_connection(fields);
    std::string text;
    for (const auto& field : fields) {
        if (field.id != http::FieldId::other || (field.has_underscore && !with_underscores))
            continue;
        if (std::find(named.begin(), named.end(), lower(field.name)) != named.end()) continue;
        text.append(field.name).append(": ").append(field.value).append("\n");
    }
    return text;
}

inline bool same_fields(const std::vector<http::Field>& a, const std::vector<http::Field>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const http::Field& x, const http::Field& y) {
                          return x.name == y.name && x.value == y.value && x.id == y.id;
                      });
}

inline std::size_t count(const std::vector<http::Field>& fields, http::FieldId id) {
    return static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const http::Field& field) { return field.id == id; }));
}

}  // namespace fairlead::fuzz
