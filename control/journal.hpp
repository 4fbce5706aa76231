// What has changed, by whom, from what to what: the last so many changes, for /events and the
// people behind it.
//
// Every record has an id that grows, also over a restart: it begins with the time of the start in
// milliseconds. A reader keeps the id of the last record it has seen and nothing else is kept for
// it, so that readers cost nothing however slow they are; one that is left behind by all of the
// ring has missed something and is told so.
//
// Threads: control. Cost of add(): the record. Memory: `most` records of at most some KiB.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/model/origin.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::control {

struct ChangeRecord {
    std::uint64_t id = 0;  // the journal's
    WallTime at;
    std::uint64_t snapshot = 0;  // the version that has it
    std::string_view event;      // a literal: "route.added"
    model::SourceKind source = model::SourceKind::file;
    std::string name;    // of what has changed: "shop.example/api", "web 10.0.0.7:80"
    std::string before;  // "": it was not there
    std::string after;   // "": it is gone
    std::string who;     // "api 127.0.0.1:51234", "file"
    std::string origin;  // of what there is now, else of what there was
};

class Journal {
public:
    Journal(aio::IoContext& io, std::size_t most, WallTime started);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// Gives it its id. Texts longer than some KiB are cut.
    void add(ChangeRecord record);
    /// Wakes the readers. After the last add() of a change.
    void announce();
    std::uint64_t last_id() const noexcept { return next_id_ - 1; }
    std::uint64_t first_id() const noexcept { return next_id_ - records_.size(); }
    /// Null: not in the ring (any more).
    const ChangeRecord* find(std::uint64_t id) const noexcept;

    /// Until announce(), or until `patience` is over. Look again then: there may be nothing new.
    aio::task<> wait(Duration patience);

    /// One who reads, as long as it lives; keeps the journal.
    class Reader {
    public:
        explicit Reader(std::shared_ptr<Journal> journal) : journal_(std::move(journal)) {
            ++journal_->readers_;
        }
        ~Reader() { --journal_->readers_; }
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;

        Journal& journal() const noexcept { return *journal_; }

    private:
        const std::shared_ptr<Journal> journal_;
    };
    std::size_t readers() const noexcept { return readers_; }

    static constexpr std::size_t longest_text = 2048;

private:
    aio::IoContext& io_;
    const std::size_t most_;
    std::uint64_t next_id_;
    std::deque<ChangeRecord> records_;
    std::set<aio::timer*> waiting_;
    std::size_t readers_ = 0;
};

}  // namespace fairlead::control
