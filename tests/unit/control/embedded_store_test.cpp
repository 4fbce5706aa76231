// The embedded store keeps what it confirmed: over restarts, kill -9 and damage.
#include "control/embedded/embedded_store.hpp"

#include "proxy/base/random.hpp"
#include "tests/support/source_states.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/store_reading.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

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

TEST_CASE("cut at any byte, the file has exactly the changes that were confirmed by then",
          "[embedded_store]") {
    const TempFolder folder;
    const auto file = folder / EmbeddedStore::file_name;
    std::vector<std::pair<std::size_t, StoreContents>> states;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        states.emplace_back(contents_of(file).size(), StoreContents{});
        const std::vector<std::vector<control::StoreChange>> writes = {
            {{Kind::set_frontend, "x.com", "", "web"}, {Kind::set_server, "web", "a:1", "0"}},
            {{Kind::set_server, "web", "b:1", "7"}, {Kind::set_config, "web", "k", "\xff\n"}},
            {{Kind::delete_backend, "web", "", ""}, {Kind::set_server, "web", "c:1", "0"}},
            {{Kind::flush, "", "", ""}},
            {{Kind::set_frontend, "y.com", "", "web"}}};
        for (const auto& changes : writes) {
            REQUIRE(run_task(io, store.apply(changes, "test")).has_value());
            states.emplace_back(contents_of(file).size(), read_all(io, store));
        }
    }
    const auto good = contents_of(file);
    REQUIRE(states.back().first == good.size());
    std::size_t whole = 0;
    for (std::size_t size = states.front().first; size <= good.size(); ++size) {
        while (whole + 1 < states.size() && states[whole + 1].first <= size) ++whole;
        INFO("cut at " << size);
        write_text(file, good.substr(0, size));
        CHECK(reopened(folder.path()) == states[whole].second);
        CHECK(contents_of(file) == good.substr(0, states[whole].first));
    }
    CHECK(!std::filesystem::exists(folder / EmbeddedStore::damaged_name));
}

TEST_CASE("a damaged line is put aside with its file, and all others are used",
          "[embedded_store]") {
    const TempFolder folder;
    const auto file = folder / EmbeddedStore::file_name;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        for (const char* host : {"a.com", "b.com", "c.com"}) set_frontend(io, store, host, "web");
    }
    auto text = contents_of(file);
    text[text.find("b.com")] = '!';
    write_text(file, text);
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        CHECK(read_all(io, store).frontends ==
              std::map<std::string, std::string>{{"a.com", "web"}, {"c.com", "web"}});
        CHECK(store.source().status().detail ==
              "store.jsonl is damaged in 1 places; all else is used, it is kept as "
              "store.jsonl.damaged");
        set_frontend(io, store, "d.com", "web");
        CHECK(store.source().status().detail == folder.path());
    }
    CHECK(contents_of(folder / EmbeddedStore::damaged_name) == text);
    CHECK(reopened(folder.path()).frontends.size() == 3);  // whole again
}

TEST_CASE("what is no store at all is kept aside and it starts empty", "[embedded_store]") {
    for (const std::string junk : {"junk", "junk\n", "{\"fairlead_store\":2,"}) {
        const TempFolder folder;
        write_text(folder / EmbeddedStore::file_name, junk);
        CHECK(reopened(folder.path()) == StoreContents{});
        CHECK(contents_of(folder / EmbeddedStore::damaged_name) == junk);
    }
    const TempFolder folder;
    write_text(folder / EmbeddedStore::file_name, "");
    CHECK(reopened(folder.path()) == StoreContents{});
}

TEST_CASE("a file of another version is refused and left alone", "[embedded_store]") {
    const TempFolder folder;
    const std::string later = "{\"fairlead_store\":3,\"crc32\":\"0113a4e1\"}\n";
    write_text(folder / EmbeddedStore::file_name, later);
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    const auto opened = store.open();
    REQUIRE(!opened);
    CHECK(opened.error().text() ==
          folder.path() + "/store.jsonl is of version 3; this Fairlead reads version 2");
    CHECK(contents_of(folder / EmbeddedStore::file_name) == later);
}

TEST_CASE("the file of versions before the file is taken over", "[embedded_store]") {
    const std::string v1 = R"({"fairlead_store":1,"crc32":"996e322f",
"frontends": {
  "x.com/a/": "web"
},
"backends": {
  "web": {"servers":[["10.0.0.1:80","0"]],"config":{}}
}}
)";
    StoreContents contents;
    contents.frontends["x.com/a/"] = "web";
    contents.backends["web"].servers = {{"10.0.0.1:80", "0"}};
    for (const char* name : {EmbeddedStore::v1_name, EmbeddedStore::v1_backup_name}) {
        const TempFolder folder;
        if (name == EmbeddedStore::v1_backup_name)
            write_text(folder / EmbeddedStore::v1_name, v1.substr(0, 60));  // torn
        write_text(folder / name, v1);
        CHECK(reopened(folder.path()) == contents);
        CHECK(contents_of(folder / EmbeddedStore::v1_kept_name) == v1);
        CHECK(!std::filesystem::exists(folder / name));
        CHECK(reopened(folder.path()) == contents);  // from now on, the file
    }
}

TEST_CASE("a write that fails is answered with its reason, and changes nothing now or later",
          "[embedded_store]") {
    const TempFolder folder;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // A disk that is full for a while, as far as this process is concerned.
        ::signal(SIGXFSZ, SIG_IGN);
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        if (!store.open()) ::_exit(1);
        const auto set = [&](const std::string& url) {
            std::optional<Checked<>> done;
            aio::spawn(io.get_executor(), "write",
                       test::keep_result(
                           store.apply({{Kind::set_frontend, url, "", "web"}}, "test"), done));
            io.restart();
            io.run();
            return done && *done ? std::string() : done->error().text();
        };
        if (!set("before").empty()) ::_exit(2);
        const auto size = std::filesystem::file_size(folder / EmbeddedStore::file_name);
        rlimit limit = {size + 20, RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        if (set("refused") != "cannot write store.jsonl: File too large") ::_exit(3);
        if (std::filesystem::file_size(folder / EmbeddedStore::file_name) != size) ::_exit(4);
        limit.rlim_cur = RLIM_INFINITY;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::_exit(set("after").empty() ? 0 : 5);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(reopened(folder.path()).frontends ==
          std::map<std::string, std::string>{{"after", "web"}, {"before", "web"}});
}

TEST_CASE("many writes at once are all confirmed, in their order", "[embedded_store]") {
    const TempFolder folder;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        constexpr std::size_t count = 500;
        std::vector<std::optional<Checked<>>> done(count);
        for (std::size_t i = 0; i < count; ++i) {
            aio::spawn(
                io.get_executor(), "write",
                test::keep_result(store.apply({{Kind::set_frontend, std::to_string(i), "", "w"},
                                               {Kind::set_frontend, "last", "", std::to_string(i)}},
                                              "test"),
                                  done[i]));
        }
        REQUIRE(test::eventually(io, 20s, [&] {
            return std::all_of(done.begin(), done.end(),
                               [](const auto& one) { return one && *one; });
        }));
    }
    const auto contents = reopened(folder.path());
    CHECK(contents.frontends.size() == 501);
    CHECK(contents.frontends.at("last") == "499");
}

TEST_CASE("what changes nothing is not written", "[embedded_store]") {
    const TempFolder folder;
    aio::IoContext io{1};
    EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    set_frontend(io, store, "x.com", "web");
    const auto before = contents_of(folder / EmbeddedStore::file_name);
    set_frontend(io, store, "x.com", "web");
    CHECK(contents_of(folder / EmbeddedStore::file_name) == before);
}

TEST_CASE("a file that has outgrown its contents is replaced by a short one", "[embedded_store]") {
    const TempFolder folder;
    const auto file = folder / EmbeddedStore::file_name;
    StoreContents contents;
    {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        set_frontend(io, store, "x.com", "web");
        std::uintmax_t largest = 0;
        for (int i = 0; i < 40; ++i) {
            const std::string value(EmbeddedStore::least_growth / 10,
                                    static_cast<char>('a' + i % 26));
            REQUIRE(run_task(io, store.apply({{Kind::set_config, "web", "k", value}}, "test"))
                        .has_value());
            largest = std::max(largest, std::filesystem::file_size(file));
        }
        CHECK(largest < EmbeddedStore::least_growth * 13 / 10);
        contents = read_all(io, store);
        CHECK(contents.frontends.size() == 1);
    }
    CHECK(reopened(folder.path()) == contents);
    CHECK(!std::filesystem::exists(folder / "store.jsonl.new"));
}

TEST_CASE("what grew before a restart counts as well", "[embedded_store]") {
    const TempFolder folder;
    std::uintmax_t largest = 0;
    for (int i = 0; i < 40; ++i) {
        aio::IoContext io{1};
        EmbeddedStore store(io, folder.path(), 1);
        REQUIRE(store.open().has_value());
        const std::string value(EmbeddedStore::least_growth / 10, static_cast<char>('a' + i % 26));
        REQUIRE(
            run_task(io, store.apply({{Kind::set_config, "web", "k", value}}, "test")).has_value());
        largest = std::max(largest, std::filesystem::file_size(folder / EmbeddedStore::file_name));
    }
    CHECK(largest < EmbeddedStore::least_growth * 13 / 10);
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
        CHECK(!std::filesystem::exists(folder / "state/store.jsonl.damaged"));
    }
    CHECK(confirmed_in_all > 25);
}
