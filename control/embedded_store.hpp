// The store in a local folder: one JSON file, replaced as a whole for each change.
//
// store.json is written beside itself, synced, and renamed into place; the one before it is kept as
// store.json.bak. A file that is torn or damaged is put aside (.damaged) and the last good one is
// used, with a line in the log; power loss at any point leaves either the old or the new contents.
//
// Threads: control. Writing blocks the thread for two fsyncs; nothing of the data path runs on it.
// Invariant: source_ holds what store.json says.
#pragma once

#include "control/store.hpp"
#include "control/store_source.hpp"
#include "proxy/aio/event.hpp"
#include "proxy/aio/types.hpp"

#include <string>

namespace fairlead::control {

class EmbeddedStore final : public Store, private discovery::Source {
public:
    EmbeddedStore(aio::IoContext& io, std::string folder, unsigned max_path_length);
    ~EmbeddedStore() override;
    EmbeddedStore(const EmbeddedStore&) = delete;
    EmbeddedStore& operator=(const EmbeddedStore&) = delete;

    /// Makes the folder, locks it for this process, and loads. Before anything else.
    Checked<> open();

    aio::task<Checked<>> apply(std::vector<StoreChange> changes, std::string who) override;
    aio::task<Checked<>> read(Look look) override;
    aio::task<Checked<>> read_one(StoreEntry entry, Look look) override;
    aio::task<Checked<>> probe() override;
    discovery::Source& source() noexcept override { return *this; }

    static constexpr const char* file_name = "store.json";
    static constexpr const char* backup_name = "store.json.bak";
    static constexpr const char* damaged_name = "store.json.damaged";

private:
    model::SourceKind kind() const noexcept override { return model::SourceKind::store; }
    aio::task<> run(Publish publish) override;
    void stop() override;
    discovery::SourceStatus status() const override;

    Checked<> load();
    Checked<> restore_from_backup();
    Checked<> save(const StoreContents& contents);

    std::string folder_;
    int folder_fd_ = -1;
    int lock_fd_ = -1;
    StoreSource source_;
    std::string last_problem_;  // of loading or writing; for status()

    aio::Event stopped_;
};

}  // namespace fairlead::control
