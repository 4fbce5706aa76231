// The embedded store's folder, which one process at a time may use.
//
// Threads: any, one at a time.
#pragma once

#include "proxy/base/checked.hpp"

#include <string>

namespace fairlead::control {

class StoreFolder {
public:
    explicit StoreFolder(std::string path) : path_(std::move(path)) {}
    ~StoreFolder();
    StoreFolder(const StoreFolder&) = delete;
    StoreFolder& operator=(const StoreFolder&) = delete;

    /// Makes it where it is missing, and locks it until the end of this process.
    Checked<> open();

    bool is_open() const noexcept { return folder_ >= 0; }
    int descriptor() const noexcept { return folder_; }
    const std::string& path() const noexcept { return path_; }

    /// That somebody can write, read and delete in it; blocks for the disk.
    Checked<> probe() const;

private:
    std::string path_;
    int folder_ = -1;
    int lock_ = -1;
};

}  // namespace fairlead::control
