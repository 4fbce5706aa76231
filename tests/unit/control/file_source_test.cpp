// The file source reads again when it should, and a bad file changes nothing.
#include "control/config/file_source.hpp"

#include "tests/support/source_states.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace fairlead;
using control::FileSource;
using test::eventually;

namespace {

std::string with_service(const std::string& name) {
    return "services: {" + name + ": {}}\n";
}

/// A running file source and what it published.
class Running {
public:
    explicit Running(const std::string& path) : source(io, path, model::ProcessSettings{}) {
        const discovery::Source::Publish keep = [this](model::SourceChange change) {
            states.push_back(said_.after(std::move(change)));
        };
        aio::spawn(io.get_executor(), "source", source.run(keep));
    }
    ~Running() {
        source.stop();
        io.restart();
        io.run_for(5s);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    bool publishes(const std::string& service) {
        return eventually(io, 10s, [&] {
            return !states.empty() && !states.back().services.empty() &&
                   states.back().services[0].name == service;
        });
    }
    bool refuses() {
        return eventually(io, 10s, [&] { return !source.problems().empty(); });
    }

    aio::IoContext io{1};
    std::vector<model::SourceState> states;
    FileSource source;

private:
    test::SourceStates said_;
};

}  // namespace

TEST_CASE("a file written in place and one renamed over it are both seen", "[file_source]") {
    const test::TempFolder folder;
    const auto path = folder / "f.yaml";
    test::write_text(path, with_service("one"));
    Running running(path);
    REQUIRE(running.publishes("one"));
    CHECK(running.states[0].caused_at);
    CHECK(running.source.status().detail == path);

    test::write_text(path, with_service("two"));
    CHECK(running.publishes("two"));
    test::write_text(folder / "new", with_service("three"));
    std::filesystem::rename(folder / "new", path);
    CHECK(running.publishes("three"));
    CHECK(running.states.size() == 3);
}

TEST_CASE("a link that is switched to another file is seen", "[file_source]") {
    const test::TempFolder folder;
    std::filesystem::create_directory(folder / "v1");
    std::filesystem::create_directory(folder / "v2");
    test::write_text(folder / "v1/f.yaml", with_service("one"));
    test::write_text(folder / "v2/f.yaml", with_service("two"));
    std::filesystem::create_symlink("v1", folder / "current");
    std::filesystem::create_symlink("current/f.yaml", folder / "f.yaml");
    Running running(folder / "f.yaml");
    REQUIRE(running.publishes("one"));
    std::filesystem::create_symlink("v2", folder / "next");
    std::filesystem::rename(folder / "next", folder / "current");
    CHECK(running.publishes("two"));
}

TEST_CASE("a bad file, and one that is gone, change nothing and say why", "[file_source]") {
    const test::TempFolder folder;
    const auto path = folder / "f.yaml";
    test::write_text(path, with_service("one"));
    Running running(path);
    REQUIRE(running.publishes("one"));

    test::write_text(path, "wrokers: 1\nroutes: 5\n");
    REQUIRE(running.refuses());
    CHECK(running.states.size() == 1);
    CHECK(running.source.problems().size() == 2);
    CHECK(!running.source.status().connected);
    CHECK(running.source.status().detail.find(path + ":1:1: wrokers: unknown key") == 0);
    CHECK(running.source.status().detail.find("; and 1 more") != std::string::npos);

    test::write_text(path, with_service("two"));
    CHECK(running.publishes("two"));
    CHECK(running.source.problems().empty());

    std::filesystem::remove(path);
    REQUIRE(running.refuses());
    CHECK(running.states.size() == 2);
    CHECK(running.source.status().detail == path + ": cannot be read: No such file or directory");
}

TEST_CASE("reload reads the file again even where nothing changed", "[file_source]") {
    const test::TempFolder folder;
    const auto path = folder / "f.yaml";
    test::write_text(path, with_service("one"));
    Running running(path);
    REQUIRE(running.publishes("one"));
    running.source.reload();
    CHECK(eventually(running.io, 10s, [&] { return running.states.size() == 2; }));
}

TEST_CASE("settings that need a restart are named", "[file_source]") {
    const test::TempFolder folder;
    const auto path = folder / "f.yaml";
    test::write_text(path, with_service("one") + "workers: 7\nlimits: {headers: 9}\n");
    Running running(path);
    REQUIRE(running.publishes("one"));
    CHECK(running.source.needs_restart() == std::vector<std::string_view>{"workers", "limits"});
    CHECK(running.source.status().detail ==
          path + "; needs a restart for changed keys: workers, limits");
}
