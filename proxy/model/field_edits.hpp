// What a route does to the header fields of a request or of its answer, ready to be applied while a
// head is written: names to leave out, whole lines to add.
//
// Fields that frame a message or belong to one connection, Host, and those by which Fairlead says
// who the client is cannot be edited: a head must have one reading, and say the truth about where
// it comes from.
//
// Threads: any (immutable once its route is loaded).
#pragma once

#include "proxy/base/checked.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::model {

class FieldEdits {
public:
    enum class Of : std::uint8_t { request, response };

    Checked<> set(Of of, std::string_view name, std::string_view value);
    Checked<> add(Of of, std::string_view name, std::string_view value);
    Checked<> remove(Of of, std::string_view name);

    bool empty() const noexcept { return removed_.empty() && added_.empty(); }
    /// Whether a field that came is left out. `name` in any case.
    bool removes(std::string_view name) const noexcept;
    /// "Name: value" and CRLF, each.
    const std::string& added() const noexcept { return added_; }
    const std::vector<std::string>& removed() const noexcept { return removed_; }

    bool operator==(const FieldEdits&) const = default;

private:
    std::vector<std::string> removed_;  // lower case
    std::string added_;
};

/// RFC 9110 5.1: a token.
bool is_field_name(std::string_view text) noexcept;

}  // namespace fairlead::model
