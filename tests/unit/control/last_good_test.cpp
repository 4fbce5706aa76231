// The copy on disk: what is written is read back, and nothing else is.
#include "control/store/last_good.hpp"

#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

using namespace fairlead;
using control::LastGood;
using control::StoreImage;

namespace {

const std::string redis = "redis://127.0.0.1:6379";

StoreImage some_image() {
    StoreImage image;
    image.contents.frontends["a.com/x/"] = "web";
    image.contents.frontends["caf\xe9.com"] = "web";
    image.contents.backends["web"] = {{{"10.0.0.1:80", "3"}}, {{"k", "v\"\n"}}};
    image.hipache["b.com"] = {{"http://10.0.0.2:80", "http://10.0.0.3:80"}, {1}};
    return image;
}

}  // namespace

TEST_CASE("a copy reads back as it was, but for the keys that were refused", "[store]") {
    auto image = some_image();
    auto with_refused = image;
    with_refused.refused["frontend:bad.com"] = "it is a set";
    const auto back = control::parse_last_good(control::last_good_text(with_refused, redis), redis);
    REQUIRE(back.has_value());
    CHECK(*back == image);
    CHECK(control::parse_last_good(control::last_good_text({}, redis), redis).value() ==
          StoreImage{});
}

TEST_CASE("a copy that is damaged anywhere, or another Redis', is not used", "[store]") {
    const auto text = control::last_good_text(some_image(), redis);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto damaged = text;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        CHECK(!control::parse_last_good(damaged, redis));
        CHECK(!control::parse_last_good(text.substr(0, i), redis));
    }
    CHECK(control::parse_last_good(text, "redis://10.0.0.1:6379").error().text() ==
          "it is damaged, of another version, or not of redis://10.0.0.1:6379");
}

TEST_CASE("the newest copy is on disk when its owner ends, and as old as it was confirmed",
          "[store]") {
    const test::TempFolder folder;
    const auto path = folder / "deep/last-good.json";
    {
        LastGood good(path, redis);
        REQUIRE(good.load().has_value());
        CHECK(!good.load()->has_value());
        for (int i = 0; i < 20; ++i) good.save({});
        good.save(some_image());
    }
    struct stat facts = {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK(!std::filesystem::exists(path + ".new"));
    const WallTime confirmed(std::chrono::seconds(1700000000));
    {
        LastGood good(path, redis);
        good.confirm(confirmed);
    }
    const LastGood good(path, redis);
    const auto copy = good.load();
    REQUIRE(copy.has_value());
    REQUIRE(copy->has_value());
    CHECK((*copy)->image == some_image());
    CHECK((*copy)->as_of == confirmed);
}

TEST_CASE("a folder that cannot be written to is told of, and costs nothing else", "[store]") {
    const test::TempFolder folder;
    std::ofstream(folder / "file") << "x";
    const auto path = folder / "file/last-good.json";
    LastGood good(path, redis);
    good.save(some_image());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (good.last_problem().empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    CHECK(good.last_problem().find("cannot make the folder") == 0);
}
