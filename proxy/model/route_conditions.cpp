#include "proxy/model/route_conditions.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/model/field_edits.hpp"

#include <algorithm>

namespace fairlead::model {
namespace {

bool any_parameter(std::string_view query, const ValueCondition& condition) noexcept {
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) != condition.name) continue;
        const bool has_value = equals != std::string_view::npos;
        if (condition.holds(has_value ? pair.substr(equals + 1) : std::string_view())) return true;
    }
    return false;
}

void append(std::string& text, std::string_view what, const ValueCondition& condition) {
    if (!text.empty()) text.append("; ");
    text.append(what).append(" ").append(condition.name);
    if (condition.kind == ValueCondition::Kind::present) return;
    text.append("=").append(condition.value);
    if (condition.kind == ValueCondition::Kind::prefix) text.append("*");
}

template <class T>
void sort_and_drop_twins(std::vector<T>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

bool ValueCondition::holds(std::string_view actual) const noexcept {
    switch (kind) {
        case Kind::present:
            return true;
        case Kind::prefix:
            return actual.starts_with(value);
        case Kind::exact:
            break;
    }
    return actual == value;
}

ValueCondition parse_value_condition(std::string name, std::string_view text) {
    using Kind = ValueCondition::Kind;
    if (text == "*") return {std::move(name), Kind::present, {}};
    if (text.ends_with('*')) {
        text.remove_suffix(1);
        return {std::move(name), Kind::prefix, std::string(text)};
    }
    return {std::move(name), Kind::exact, std::string(text)};
}

void RouteConditions::finish() {
    sort_and_drop_twins(methods_);
    sort_and_drop_twins(headers_);
    sort_and_drop_twins(query_);
    text_.clear();
    for (const auto& method : methods_) text_.append(text_.empty() ? "" : ", ").append(method);
    for (const auto& header : headers_) append(text_, "header", header);
    for (const auto& parameter : query_) append(text_, "query", parameter);
}

bool RouteConditions::method_holds(const RequestFacts& request) const noexcept {
    return methods_.empty() ||
           std::find(methods_.begin(), methods_.end(), request.method) != methods_.end();
}

bool RouteConditions::hold(const RequestFacts& request) const noexcept {
    return method_holds(request) &&
           std::all_of(
               headers_.begin(), headers_.end(),
               [&](const auto& header) { return request.any_field(request.head, header); }) &&
           std::all_of(query_.begin(), query_.end(), [&](const auto& parameter) {
               return any_parameter(request.query, parameter);
           });
}

std::string RouteConditions::missing(const RequestFacts& request) const {
    std::string text;
    if (!method_holds(request)) {
        for (const auto& method : methods_) text.append(text.empty() ? "" : ", ").append(method);
        return text;
    }
    for (const auto& header : headers_) {
        if (request.any_field(request.head, header)) continue;
        append(text, "header", header);
        return text;
    }
    for (const auto& parameter : query_) {
        if (any_parameter(request.query, parameter)) continue;
        append(text, "query", parameter);
        return text;
    }
    return text;
}

std::size_t RouteConditions::sharpness() const noexcept {
    std::size_t sum = 0;
    for (const auto& header : headers_) sum += static_cast<std::size_t>(header.kind);
    for (const auto& parameter : query_) sum += static_cast<std::size_t>(parameter.kind);
    return sum;
}

Checked<std::string> parse_condition_method(std::string_view text) {
    if (!is_field_name(text))
        return problem("'{}' is not a method; allowed: a method's name, as GET", text);
    return std::string(text);
}

}  // namespace fairlead::model
