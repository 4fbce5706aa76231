// The parameters of a request's query: "a=1&b=2", percent-encoded, '+' for a space.
//
// Threads: any (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// The first of that name, decoded. None: there is none.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// All of that name, decoded, in order.
std::vector<std::string> query_values(std::string_view query, std::string_view name);

/// For a value in a query: everything but letters, digits, '-', '.', '_' and '~' is encoded.
std::string percent_encode(std::string_view text);

}  // namespace fairlead::control
