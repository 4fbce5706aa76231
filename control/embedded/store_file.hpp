// The file on disk: appended to, and now and then replaced by a shorter one that says the same.
//
// An append is durable when it returns (fdatasync). One that fails is taken back, so that what was
// refused does not come into effect with the next start; where not even that is sure, is_broken()
// says so until the file has been replaced. A replacement is written beside it, synced and
// renamed into its place: power loss leaves the one or the other.
//
// Threads: one at a time; every call blocks for the disk.
// Invariant: unless is_broken(), the file has size() bytes, all of them confirmed.
#pragma once

#include "proxy/base/checked.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::control {

class StoreFile {
public:
    /// `folder`: a descriptor of the folder it is in, which outlives it.
    StoreFile() = default;
    ~StoreFile();
    StoreFile(const StoreFile&) = delete;
    StoreFile& operator=(const StoreFile&) = delete;

    /// Before anything else. Nothing is read or made.
    void use_folder(int folder) noexcept { folder_ = folder; }

    /// What is in it; none: there is no file yet.
    Checked<std::optional<std::string>> read() const;

    /// Opens the one that was read, to append behind its first `good` bytes; the rest is cut off.
    /// `worth`: the size of a new one that would say the same.
    Checked<> open_at(std::size_t good, std::size_t worth);

    Checked<> append(std::string_view text);
    Checked<> replace(std::string_view text);

    bool is_broken() const noexcept { return is_broken_; }
    std::size_t size() const noexcept { return size_; }
    /// By how much it is larger than when it was new, or than a new one would have been.
    std::size_t grown() const noexcept { return size_ - new_size_; }

    static constexpr const char* name = "store.jsonl";
    static constexpr const char* new_name = "store.jsonl.new";

private:
    Problem give_up(Problem why);

    int folder_ = -1;
    int file_ = -1;
    std::size_t size_ = 0;
    std::size_t new_size_ = 0;
    bool is_broken_ = false;
};

/// Writes all of it, or says why not. `name`: for the message.
Checked<> write_all(int file, std::string_view text, std::string_view name);
/// Makes or replaces a file, and syncs it.
Checked<> write_whole(int folder, const char* name, std::string_view text);
/// None: there is no such file.
Checked<std::optional<std::string>> read_whole(int folder, const char* name);
/// "cannot write store.jsonl: No space left on device", of the present errno.
Problem disk_problem(std::string_view doing, std::string_view name);

}  // namespace fairlead::control
