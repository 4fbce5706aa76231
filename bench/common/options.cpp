#include "bench/common/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace fairlead::bench {

std::vector<Option> parse_options(int argc, char** argv,
                                  std::initializer_list<std::string_view> flags) {
    std::vector<Option> options;
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        if (word.size() < 2 || word.front() != '-') {
            options.push_back({"", word});
            continue;
        }
        const auto equals = word.find('=');
        if (word.starts_with("--") && equals != std::string::npos) {
            options.push_back({word.substr(0, equals), word.substr(equals + 1)});
        } else if (std::find(flags.begin(), flags.end(), word) != flags.end()) {
            options.push_back({word, ""});
        } else if (i + 1 < argc) {
            options.push_back({word, argv[++i]});
        } else {
            usage_error(word + " needs a value");
        }
    }
    return options;
}

std::uint64_t number(const Option& option, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const char* end = option.value.data() + option.value.size();
    const auto [stop, ec] = std::from_chars(option.value.data(), end, value);
    if (ec != std::errc() || stop != end || value < least || value > most) {
        usage_error(option.name + ": '" + option.value + "' is not a number from " +
                    std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
}

void usage_error(const std::string& message) {
    std::fprintf(stderr, "%s (--help lists the options)\n", message.c_str());
    std::exit(2);
}

}  // namespace fairlead::bench
