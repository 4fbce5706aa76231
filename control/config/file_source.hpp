// The configuration file as a source: read at start, on reload() and when it changes.
//
// A bad file changes nothing: its problems are logged and stand in status() and problems(), and
// what was published last goes on. The folder is watched, so that a file renamed into place is
// seen; an event only means "look again", and a look every two seconds finds what no event told of.
//
// Threads: control.
#pragma once

#include "control/config/config_loader.hpp"
#include "discovery/source.hpp"
#include "proxy/aio/types.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

class FileSource final : public discovery::Source {
public:
    /// `running`: the settings this process was started with.
    FileSource(aio::IoContext& io, std::string path, model::ProcessSettings running);

    model::SourceKind kind() const noexcept override { return model::SourceKind::file; }
    aio::task<> run(Publish publish) override;
    void stop() override;
    discovery::SourceStatus status() const override;

    /// Reads it again, changed or not.
    void reload();

    /// Of the last reading; empty: it was good and is in effect.
    const std::vector<ConfigProblem>& problems() const noexcept { return problems_; }

    /// In which groups the file in effect differs from what this process was started with.
    const std::vector<std::string_view>& needs_restart() const noexcept { return needs_restart_; }

private:
    // Tells one state of the file from another without reading it.
    struct Stamp {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = -1;  // no such file
        std::int64_t modified = 0;

        bool operator==(const Stamp&) const = default;
    };

    Stamp stamp() const;
    void read_file();
    void take(LoadedConfig loaded);
    void start_watching();
    void await_event();
    void wake();
    aio::task<> wait_for(Duration patience);
    aio::task<> wait_until_settled();

    const std::string path_;
    const model::ProcessSettings running_;
    Publish publish_;
    aio::timer timer_;
    aio::asio::posix::basic_stream_descriptor<aio::executor> events_;
    bool stopping_ = false;
    bool reload_asked_ = false;
    bool woken_ = false;

    Stamp read_stamp_;
    std::vector<ConfigProblem> problems_;
    std::vector<std::string_view> needs_restart_;
    std::optional<WallTime> last_published_;
};

}  // namespace fairlead::control
