// What a route asks of a request besides host and path: methods, headers, query parameters. All of
// them must hold; of several methods, one.
//
// Values are compared as they are sent: case-sensitive, query parameters not percent-decoded. Of a
// header or parameter that comes several times, one that holds is enough.
//
// Threads: any (values). Cost of hold(): a pass over the request's fields for each header that is
// asked for; no allocation.
#pragma once

#include "proxy/base/checked.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::model {

struct ValueCondition {
    enum class Kind : std::uint8_t { present, prefix, exact };

    std::string name;  // of a header: lower case
    Kind kind = Kind::exact;
    std::string value;

    bool holds(std::string_view actual) const noexcept;
    auto operator<=>(const ValueCondition&) const = default;
};

/// A condition as it is written: `*` any value, `v2*` a prefix, anything else that value.
ValueCondition parse_value_condition(std::string name, std::string_view text);

/// What conditions ask of a request, whatever protocol carried it.
struct RequestFacts {
    std::string_view method;
    std::string_view query;  // behind the '?', without it
    const void* head = nullptr;
    // Whether one of the head's fields of that name holds.
    bool (*any_field)(const void* head, const ValueCondition& condition) = nullptr;
};

class RouteConditions {
public:
    void add_method(std::string method) { methods_.push_back(std::move(method)); }
    void add_header(ValueCondition condition) { headers_.push_back(std::move(condition)); }
    void add_query(ValueCondition condition) { query_.push_back(std::move(condition)); }
    /// After the last add_: brings them into one order, so that the same conditions are equal.
    void finish();

    bool empty() const noexcept { return count() == 0; }
    bool names_methods() const noexcept { return !methods_.empty(); }
    bool hold(const RequestFacts& request) const noexcept;
    /// The first that does not, as text() has it; "": all hold. For people.
    std::string missing(const RequestFacts& request) const;

    /// "GET, HEAD; header x-version=2*; query debug". Tells conditions apart: the third part of a
    /// route's identity.
    const std::string& text() const noexcept { return text_; }

    /// The methods count as one.
    std::size_t count() const noexcept {
        return (methods_.empty() ? 0 : 1) + headers_.size() + query_.size();
    }
    /// Exact values count two, prefixes one.
    std::size_t sharpness() const noexcept;

    bool operator==(const RouteConditions& other) const { return text_ == other.text_; }

private:
    bool method_holds(const RequestFacts& request) const noexcept;

    std::vector<std::string> methods_;
    std::vector<ValueCondition> headers_;
    std::vector<ValueCondition> query_;
    std::string text_;
};

/// A method's name as HTTP has it: a token, case-sensitive.
Checked<std::string> parse_condition_method(std::string_view text);

}  // namespace fairlead::model
