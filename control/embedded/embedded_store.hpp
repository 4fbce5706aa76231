// The store in a local folder: a file of changes, one line each, that people can read.
//
// A change is one line appended and synced before it is confirmed; changes that come while the disk
// is busy share one sync. When the file has grown by more than what it says is worth, a shorter
// one takes its place. Killed at any moment, it has all of what it confirmed and no half of
// anything. What is damaged is put aside and all good lines are used, with a line in the log.
//
// Threads: control. The disk is waited for on a thread of its own.
// Cost: O(change); replacing the file is O(contents), once in O(contents) bytes of changes.
// Invariant: what the source has is what the file says.
#pragma once

#include "control/embedded/disk_thread.hpp"
#include "control/embedded/store_file.hpp"
#include "control/embedded/store_folder.hpp"
#include "control/store/store.hpp"
#include "control/store/store_source.hpp"
#include "proxy/aio/event.hpp"
#include "proxy/aio/types.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace fairlead::control {

class EmbeddedStore final : public Store, private discovery::Source {
public:
    EmbeddedStore(aio::IoContext& io, std::string folder, KeyRules rules);
    EmbeddedStore(const EmbeddedStore&) = delete;
    EmbeddedStore& operator=(const EmbeddedStore&) = delete;

    /// Makes the folder, locks it for this process, and loads. Before anything else.
    Checked<> open();

    aio::task<Checked<>> apply(std::vector<StoreChange> changes, std::string who) override;
    aio::task<Checked<>> read(Look look) override;
    aio::task<Checked<>> read_one(StoreEntry entry, Look look) override;
    aio::task<Checked<>> probe() override;
    discovery::Source& source() noexcept override { return *this; }

    static constexpr const char* file_name = StoreFile::name;
    static constexpr const char* damaged_name = "store.jsonl.damaged";
    // Of versions before the file: taken over, then renamed.
    static constexpr const char* v1_name = "store.json";
    static constexpr const char* v1_backup_name = "store.json.bak";
    static constexpr const char* v1_kept_name = "store.json.taken-over";
    /// A file that has grown by less than that is not replaced.
    static constexpr std::size_t least_growth = 1024 * 1024;

private:
    struct Write;

    model::SourceKind kind() const noexcept override { return model::SourceKind::store; }
    aio::task<> run(Publish publish) override;
    void stop() override;
    discovery::SourceStatus status() const override;

    Checked<> load();
    Checked<> load_text(const std::string& text);
    Checked<> take_over_v1();
    void note_damage(std::string why);

    aio::task<> write_all_waiting();
    aio::task<Checked<>> append(std::string text);
    aio::task<Checked<>> replace_file();
    aio::task<> shorten();
    bool has_outgrown() const;

    StoreFolder folder_;
    StoreFile file_;  // the disk thread's while something runs there
    StoreSource source_;
    std::vector<Write*> waiting_;  // of apply()s that have not been answered
    bool is_writing_ = false;
    std::size_t growth_at_failure_ = 0;  // when a replacement failed last; 0: none has
    std::string last_problem_;           // of loading or writing; for status()

    aio::Event stopped_;
    aio::IoContext& io_;
    DiskThread disk_;  // the last member: it ends before what it works on
};

}  // namespace fairlead::control
