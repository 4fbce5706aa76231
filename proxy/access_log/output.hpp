// Where the lines go: a file, a pipe or standard output.
//
// Threads: the writer's, but for open().
#pragma once

#include "proxy/base/checked.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::access_log {

class Output {
public:
    /// `path`: "-" is standard output. A file is created where there is none, and appended to.
    static Checked<Output> open(const std::string& path);
    ~Output();
    Output(Output&& other) noexcept;
    Output& operator=(Output&&) = delete;

    /// Opens the path anew, after somebody renamed the file. With a problem the old one stays.
    Checked<> reopen();

    enum class Taken { some, none, failed };
    struct Result {
        Taken taken = Taken::none;  // none: it takes nothing now
        std::size_t bytes = 0;      // some
        int error = 0;              // failed: errno
    };
    /// Takes the beginning of `lines`. A pipe, a socket or a terminal is given whole lines, never
    /// more than it takes without waiting; a file everything.
    Result write(std::string_view lines);

    /// For poll(); -1 where waiting makes no sense.
    int descriptor() const noexcept { return is_file_ ? -1 : descriptor_; }
    const std::string& path() const noexcept { return path_; }

private:
    Output(std::string path, int descriptor);

    bool takes_now() const;

    std::string path_;
    int descriptor_;
    bool is_file_;
};

}  // namespace fairlead::access_log
