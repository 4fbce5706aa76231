// The embedded store keeps what it confirmed: over restarts, kill -9 and damage.
#include "control/embedded_store.hpp"

#include "control/store_text.hpp"
#include "proxy/base/random.hpp"
#include "tests/support/source_states.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/store_reading.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace fairlead;
using control::EmbeddedStore;
using control::StoreContents;
using Kind = control::StoreChange::Kind;
using test::contents_of;
using test::read_all;
using test::run_task;
using test::TempFolder;
using test::write_text;

namespace {

void set_frontend(aio::IoContext& io, EmbeddedStore& store, const std::string& url,
                  const std::string& backend) {
    REQUIRE(
        run_task(io, store.apply({{Kind::set_frontend, url, "", backend}}, "test")).has_value());
}

StoreContents reopened(const std::string& folder) {
    aio::IoContext io{1};
    EmbeddedStore store(io, folder, 1);
    REQUIRE(store.open().has_value());
    return read_all(io, store);
}

}  // namespace

TEST_CASE("what was applied is there after a restart", "[embedded_store]") {
    const TempFolder folder;
    const std::string odd = "a \"quoted\" \\ \n line \x01 \xff and \xc3\xa4";
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder / "state/deep", 1);
        REQUIRE(store.open().has_value());
        REQUIRE(run_task(io, store.apply({{Kind::set_frontend, "x.com", "", "web"},
                                          {Kind::set_server, "web", "10.0.0.2:1", "0"},
                                          {Kind::set_server, "web", "10.0.0.1:1", "0"},
                                          {Kind::set_server, "web", "10.0.0.2:1", "7"},
                                          {Kind::set_config, "web", "k", odd}},
                                         "test"))
                    .has_value());
    }
    const auto contents = reopened(folder / "state/deep");
    CHECK(contents.frontends.at("x.com") == "web");
    const auto& web = contents.backends.at("web");
    CHECK(web.servers == std::vector<std::pair<std::string, std::string>>{{"10.0.0.2:1", "7"},
                                                                          {"10.0.0.1:1", "0"}});
    CHECK(web.config.at("k") == odd);
}

TEST_CASE("a backend without servers and config is gone, as in Redis", "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    REQUIRE(run_task(io, store.apply({{Kind::set_server, "web", "a:1", "0"},
                                      {Kind::delete_server, "web", "a:1", ""}},
                                     "test"))
                .has_value());
    CHECK(read_all(io, store).backends.empty());
    REQUIRE(
        run_task(io, store.apply({{Kind::set_server, "web", "_limit", "5"}}, "test")).has_value());
    CHECK(read_all(io, store).backends.at("web").config.at("limit") == "5");
    REQUIRE(run_task(io, store.apply({{Kind::flush, "", "", ""}}, "test")).has_value());
    CHECK(read_all(io, store) == StoreContents{});
}

TEST_CASE("the file is for people to read", "[embedded_store]") {
    StoreContents contents;
    contents.frontends["x.com/a/"] = "web";
    contents.backends["web"].servers = {{"10.0.0.1:80", "0"}};
    CHECK(control::store_text(contents) == R"({"fairlead_store":1,"crc32":"996e322f",
"frontends": {
  "x.com/a/": "web"
},
"backends": {
  "web": {"servers":[["10.0.0.1:80","0"]],"config":{}}
}}
)");
}

TEST_CASE("a second process is refused the folder", "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore first(io, folder.path(), 1);
    REQUIRE(first.open().has_value());
    EmbeddedStore second(io, folder.path(), 1);
    const auto opened = second.open();
    REQUIRE(!opened);
    CHECK(opened.error().text() == folder.path() + " is in use by another process");
}

TEST_CASE("a folder that cannot be made is a problem, not a crash", "[embedded_store]") {
    aio::IoContext io{1};
    EmbeddedStore store(io, "/proc/nowhere/state", 1);
    CHECK(!store.open());
}

TEST_CASE("damage anywhere in the file is seen and the last good one is used", "[embedded_store]") {
    const TempFolder folder;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        set_frontend(io, store, "x.com", "old");
        set_frontend(io, store, "x.com", "new");
    }
    const auto file = folder / EmbeddedStore::file_name;
    const auto backup = folder / EmbeddedStore::backup_name;
    const auto good = contents_of(file);
    const auto good_backup = contents_of(backup);
    REQUIRE(control::parse_store_text(good)->frontends.at("x.com") == "new");
    REQUIRE(control::parse_store_text(good_backup)->frontends.at("x.com") == "old");

    for (std::size_t at = 0; at < good.size(); ++at) {
        INFO("byte " << at);
        auto bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x20);
        CHECK(!control::parse_store_text(bad));
        CHECK(!control::parse_store_text(good.substr(0, at)));
    }
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
        INFO("cut at " << at);
        write_text(file, good.substr(0, at));
        write_text(backup, good_backup);
        CHECK(reopened(folder.path()).frontends.at("x.com") == "old");
        CHECK(contents_of(folder / EmbeddedStore::damaged_name) == good.substr(0, at));
        CHECK(contents_of(file) == good_backup);  // whole again, without waiting for a change
    }
}

TEST_CASE("a missing file is made good from the backup", "[embedded_store]") {
    const TempFolder folder;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        set_frontend(io, store, "x.com", "old");
        set_frontend(io, store, "x.com", "new");
    }
    std::filesystem::remove(folder / EmbeddedStore::file_name);
    CHECK(reopened(folder.path()).frontends.at("x.com") == "old");
}

TEST_CASE("with both files damaged it starts empty, says so, and keeps them aside",
          "[embedded_store]") {
    const TempFolder folder;
    write_text(folder / EmbeddedStore::file_name, "junk");
    write_text(folder / EmbeddedStore::backup_name, "");
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    CHECK(read_all(io, store) == StoreContents{});
    CHECK(store.source().status().detail.find("is damaged") != std::string::npos);
    CHECK(contents_of(folder / EmbeddedStore::damaged_name) == "junk");
    set_frontend(io, store, "x.com", "web");
    CHECK(store.source().status().detail == folder.path());
}

TEST_CASE("a write that fails is answered with its reason and changes nothing",
          "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    set_frontend(io, store, "x.com", "web");
    // A folder in the place of the file that a write begins with: fails for root too.
    std::filesystem::create_directory(folder / "store.json.new");
    const auto applied = run_task(io, store.apply({{Kind::flush, "", "", ""}}, "test"));
    REQUIRE(!applied);
    CHECK(applied.error().text() == "cannot write store.json.new: Is a directory");
    CHECK(read_all(io, store).frontends.size() == 1);
}

TEST_CASE("the probe writes, reads and cleans up", "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    CHECK(run_task(io, store.probe()).has_value());
    CHECK(!std::filesystem::exists(folder / "probe"));
    std::filesystem::create_directory(folder / "probe");
    CHECK(!run_task(io, store.probe()));
}

TEST_CASE("the source publishes what is there and each change at once", "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    test::SourceStates said;
    std::vector<model::SourceState> published;
    const discovery::Source::Publish keep = [&](model::SourceChange change) {
        published.push_back(said.after(std::move(change)));
    };
    aio::spawn(io.get_executor(), "source", store.source().run(keep));
    REQUIRE(test::eventually(io, 5s, [&] { return published.size() == 1; }));
    set_frontend(io, store, "x.com", "web");
    REQUIRE(published.size() == 2);
    CHECK(published[1].routes.at(0).host == "x.com");
    CHECK(published[1].caused_at);
    set_frontend(io, store, "x.com", "web");  // nothing new
    CHECK(published.size() == 2);
    store.source().stop();
    io.restart();
    CHECK(io.run_for(5s) > 0);
    CHECK(io.stopped());  // nothing is left that would keep the process
}

namespace {

/// The child's work: both frontends get the same number in one change; confirmed ones go down the
/// pipe.
[[noreturn]] void write_until_killed(const std::string& folder, int confirmed) {
    aio::IoContext io{1};
    EmbeddedStore store(io, folder, 1);
    if (!store.open()) ::_exit(1);
    for (std::uint32_t number = 1;; ++number) {
        const auto text = std::to_string(number);
        std::optional<Checked<>> done;
        aio::spawn(io.get_executor(), "write",
                   test::keep_result(store.apply({{Kind::set_frontend, "a", "", text},
                                                  {Kind::set_frontend, "b", "", text}},
                                                 "test"),
                                     done));
        io.restart();
        io.run();
        if (!done || !*done) ::_exit(2);
        if (::write(confirmed, &number, sizeof number) != sizeof number) ::_exit(3);
    }
}

/// The last of at most `most` numbers.
std::uint32_t read_confirmed(int pipe, std::uint32_t most) {
    std::uint32_t last = 0;
    std::uint32_t number = 0;
    while (most-- > 0 && ::read(pipe, &number, sizeof number) == sizeof number) last = number;
    return last;
}

}  // namespace

TEST_CASE("killed at any moment, it has all of what it confirmed and no half of anything",
          "[embedded_store]") {
    const TempFolder folder;
    Random random(20261121);
    std::uint32_t confirmed_in_all = 0;
    for (int round = 0; round < 25; ++round) {
        std::filesystem::remove_all(folder / "state");
        int pipes[2];
        REQUIRE(::pipe(pipes) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(pipes[0]);
            write_until_killed(folder / "state", pipes[1]);
        }
        ::close(pipes[1]);
        // It goes on writing while we decide: the signal meets it at any point of a write.
        const auto first = read_confirmed(pipes[0], 1 + random.below(100));
        REQUIRE(first > 0);
        REQUIRE(::kill(child, SIGKILL) == 0);
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        const auto last = std::max(first, read_confirmed(pipes[0], 1'000'000));
        ::close(pipes[0]);
        confirmed_in_all += last;

        const auto contents = reopened(folder / "state");
        CHECK(contents.frontends.at("a") == contents.frontends.at("b"));
        CHECK(std::stoul(contents.frontends.at("a")) >= last);
        CHECK(!std::filesystem::exists(folder / "state/store.json.damaged"));
    }
    CHECK(confirmed_in_all > 25);
}
