// The last contents of Redis that were served, in a file: what a start without Redis begins with.
//
// JSON lines for people: a checksum of the whole and the name of the Redis it is of; Hipache's
// lists; and then what an embedded store's file has. The time at which Redis was last known to hold
// this is the file's own (mtime). Replaced as a whole:
// written beside itself, synced, renamed into place.
//
// Threads: control; the writing is done by a thread of its own, one state at a time: of those that
// come meanwhile only the newest is written. Cost for the caller: handing over a value.
#pragma once

#include "control/store/store_image.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace fairlead::control {

class LastGood {
public:
    struct Copy {
        StoreImage image;
        WallTime as_of;
    };

    /// `redis`: the name of where the contents are from; a copy of another's is not used.
    LastGood(std::string path, std::string redis);
    /// Writes what waits.
    ~LastGood();
    LastGood(const LastGood&) = delete;
    LastGood& operator=(const LastGood&) = delete;

    /// None: there is no file. A problem: it is damaged, of another version or another Redis.
    Checked<std::optional<Copy>> load() const;

    void save(StoreImage image);
    /// What is in the file was what Redis holds at that time too.
    void confirm(WallTime at);

    /// Why the last writing failed; empty: it did not.
    std::string last_problem() const;

private:
    void write_until_stopped();
    Checked<> write(const StoreImage& image) const;

    const std::string path_;
    const std::string redis_;
    mutable std::mutex mutex_;  // of what follows
    std::condition_variable changed_;
    std::optional<StoreImage> waiting_;
    std::optional<WallTime> confirmed_;
    std::string last_problem_;
    bool is_stopping_ = false;
    std::thread writer_;
};

/// The file's text and back, for it and its tests.
std::string last_good_text(const StoreImage& image, const std::string& redis);
Checked<StoreImage> parse_last_good(std::string_view text, const std::string& redis);

}  // namespace fairlead::control
