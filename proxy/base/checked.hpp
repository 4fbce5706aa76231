// The result of checking something a person wrote: a value, or a sentence that says what is wrong
// with it and what is allowed. For configuration, labels, keys and API input; never on the request
// path.
//
// Threads: any (values).
#pragma once

#include <boost/system/result.hpp>
#include <fmt/format.h>

#include <string>
#include <utility>

namespace fairlead {

class Problem {
public:
    Problem() = default;

    const std::string& text() const noexcept { return text_; }

    template <class... Args>
    friend Problem problem(fmt::format_string<Args...> format, Args&&... args);

private:
    // Not constructible from a string, so that a Checked<std::string> can hold one.
    struct Tag {};
    Problem(Tag, std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// problem("'{}' is not a port; allowed: 0 to 65535", text)
template <class... Args>
Problem problem(fmt::format_string<Args...> format, Args&&... args) {
    return Problem(Problem::Tag{}, fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void throw_exception_from_error(const Problem& problem, const boost::source_location&);

template <class T = void>
using Checked = boost::system::result<T, Problem>;

}  // namespace fairlead
