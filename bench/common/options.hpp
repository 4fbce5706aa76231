// Command lines of the measuring tools: --name value, --name=value, -N value, and what stands
// alone.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::bench {

struct Option {
    std::string name;   // "--listen"; empty: an argument that stands alone
    std::string value;  // empty for a flag
};

/// `flags` take no value. Ends the program with a message when a value is missing.
std::vector<Option> parse_options(int argc, char** argv,
                                  std::initializer_list<std::string_view> flags);

/// Ends the program with a message that names the option when it is not a number in range.
std::uint64_t number(const Option& option, std::uint64_t least, std::uint64_t most);

/// Prints the message and ends the program with status 2.
[[noreturn]] void usage_error(const std::string& message);

}  // namespace fairlead::bench
