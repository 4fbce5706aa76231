#include "proxy/access_log/writer.hpp"

#include "proxy/access_log/line.hpp"
#include "tests/support/eventually.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace fairlead;
using namespace fairlead::access_log;

namespace {

class Folder {
public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "access-log-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

std::string contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::unique_ptr<Writer> writer_to(const std::string& path, std::size_t workers = 1) {
    model::AccessLogSettings settings;
    settings.path = path;
    auto writer = Writer::start(settings, workers);
    REQUIRE(writer.has_value());
    return std::move(*writer);
}

Record numbered(const std::string& path) {
    Record record;
    record.began = Clock::now();
    record.method = "GET";
    record.path = path;
    record.target = path;
    record.status = 200;
    return record;
}

/// Nothing is missing, doubled or mixed up in what each of the workers wrote.
void check_sequences(const std::string& text, std::size_t workers, std::size_t each) {
    std::vector<std::size_t> next(workers, 0);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = text.find('\n', begin);
        REQUIRE(end != std::string::npos);
        const auto line = text.substr(begin, end - begin);
        begin = end + 1;
        REQUIRE(line.front() == '{');
        REQUIRE(line.back() == '}');
        const auto path = line.find("\"path\":\"/");
        REQUIRE(path != std::string::npos);
        std::size_t worker = 0;
        std::size_t number = 0;
        REQUIRE(std::sscanf(line.c_str() + path, "\"path\":\"/%zu/%zu\"", &worker, &number) == 2);
        REQUIRE(number == next.at(worker));
        ++next[worker];
    }
    for (const auto count : next) CHECK(count == each);
}

/// Hands over at the pace of the writer, so that nothing is dropped. Asserts nothing: Catch's
/// assertions are for one thread.
void write_numbered(Writer& writer, std::size_t worker, std::size_t count) {
    auto& lane = writer.lane(worker);
    const auto has_room = [&] {
        return lane.readable().size() + 2 * most_line_bytes < Writer::lane_bytes;
    };
    for (std::size_t i = 0; i < count; ++i) {
        if (!test::eventually(has_room)) return;
        lane.write(numbered("/" + std::to_string(worker) + "/" + std::to_string(i)));
    }
}

}  // namespace

TEST_CASE("a line is in the file soon, without another one behind it", "[access_log]") {
    Folder folder;
    const auto writer = writer_to(folder.file("a.log"));
    for (std::size_t i = 1; i <= 3; ++i) {
        writer->lane(0).write(numbered("/0"));
        CHECK(test::eventually([&] { return lines_in(contents_of(folder.file("a.log"))) == i; }));
    }
}

TEST_CASE("each line of several workers is written once, whole and in order", "[access_log]") {
    Folder folder;
    constexpr std::size_t workers = 3;
    constexpr std::size_t each = 30000;  // several times round each lane
    auto writer = writer_to(folder.file("a.log"), workers);
    std::vector<std::thread> threads;
    for (std::size_t w = 0; w < workers; ++w) {
        threads.emplace_back([&, w] { write_numbered(*writer, w, each); });
    }
    for (auto& thread : threads) thread.join();
    writer->stop();
    check_sequences(contents_of(folder.file("a.log")), workers, each);
    CHECK(writer->totals().lines == workers * each);
    CHECK(writer->totals().dropped == 0);
    CHECK(writer->totals().bytes == std::filesystem::file_size(folder.file("a.log")));
}

TEST_CASE("nothing is lost when the file is renamed and opened anew", "[access_log]") {
    Folder folder;
    auto writer = writer_to(folder.file("a.log"));
    constexpr std::size_t each = 20000;
    std::thread worker([&] { write_numbered(*writer, 0, each); });
    constexpr int rotations = 5;
    for (int i = 0; i < rotations; ++i) {
        CHECK(test::eventually([&] { return std::filesystem::exists(folder.file("a.log")); }));
        std::filesystem::rename(folder.file("a.log"), folder.file("a.log." + std::to_string(i)));
        writer->reopen();
    }
    CHECK(test::eventually([&] { return std::filesystem::exists(folder.file("a.log")); }));
    worker.join();
    writer->stop();
    std::string all;
    for (int i = 0; i < rotations; ++i)
        all += contents_of(folder.file("a.log." + std::to_string(i)));
    check_sequences(all + contents_of(folder.file("a.log")), 1, each);
}

TEST_CASE("a file that cannot be opened anew leaves the old one in use", "[access_log]") {
    Folder folder;
    std::filesystem::create_directory(folder.file("logs"));
    auto writer = writer_to(folder.file("logs/a.log"));
    std::filesystem::rename(folder.file("logs"), folder.file("moved"));
    writer->reopen();
    writer->lane(0).write(numbered("/0"));
    writer->stop();
    CHECK(lines_in(contents_of(folder.file("moved/a.log"))) == 1);
}

TEST_CASE("an existing file is appended to", "[access_log]") {
    Folder folder;
    std::ofstream(folder.file("a.log")) << "before\n";
    auto writer = writer_to(folder.file("a.log"));
    writer->lane(0).write(numbered("/0"));
    writer->stop();
    CHECK(contents_of(folder.file("a.log")).starts_with("before\n{"));
}

TEST_CASE("lines are dropped and counted when a pipe is stuck, and no worker waits",
          "[access_log]") {
    Folder folder;
    const auto pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    auto writer = writer_to(pipe);
    constexpr std::size_t lines = 20000;  // more than a lane and a pipe hold
    for (std::size_t i = 0; i < lines; ++i)
        writer->lane(0).write(numbered("/0/" + std::to_string(i)));
    const auto stuck = writer->totals();
    CHECK(stuck.dropped > 0);
    CHECK(stuck.lines + stuck.dropped == lines);

    // Then somebody reads again: what was kept comes, whole, and new lines find room.
    std::string text;
    const auto read_some = [&] {
        std::vector<char> bytes(65536);
        const auto n = ::read(reader, bytes.data(), bytes.size());
        if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
        return lines_in(text) == stuck.lines;
    };
    CHECK(test::eventually(read_some));
    writer->lane(0).write(numbered("/0/last"));
    CHECK(test::eventually([&] {
        read_some();
        return text.find("/0/last") != std::string::npos;
    }));
    writer->stop();
    CHECK(writer->totals().dropped == stuck.dropped);
    CHECK(lines_in(text) == stuck.lines + 1);
    ::close(reader);
}

TEST_CASE("lines longer than a pipe takes at once stay whole, of whichever worker",
          "[access_log]") {
    Folder folder;
    const auto pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    constexpr std::size_t workers = 3;
    constexpr std::size_t each = 50;
    auto writer = writer_to(pipe, workers);
    for (std::size_t i = 0; i < each; ++i) {
        for (std::size_t w = 0; w < workers; ++w) {
            const auto path = "/" + std::to_string(w) + "/" + std::to_string(i);
            auto record = numbered(path);
            const std::string target = path + "?" + std::string(3900, 'q');
            record.target = target;
            const std::string agent(1900, 'u');
            record.user_agent = agent;
            record.referer = agent;
            writer->lane(w).write(record);
        }
    }
    std::string text;
    const auto all_is_read = [&] {
        std::vector<char> bytes(4096);
        const auto n = ::read(reader, bytes.data(), bytes.size());
        if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
        return lines_in(text) == workers * each;
    };
    CHECK(test::eventually(all_is_read));
    writer->stop();
    check_sequences(text, workers, each);
    ::close(reader);
}

TEST_CASE("an output that takes nothing does not keep the process from stopping", "[access_log]") {
    Folder folder;
    const auto pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    auto writer = writer_to(pipe);
    for (std::size_t i = 0; i < 2000; ++i) writer->lane(0).write(numbered("/"));
    const auto before = Clock::now();
    writer->stop();
    CHECK(Clock::now() - before < Writer::patience_when_stopping + 2s);
    CHECK(writer->totals().dropped > 0);
    ::close(reader);
}

TEST_CASE("an output that cannot be opened is told with its path", "[access_log]") {
    model::AccessLogSettings settings;
    settings.path = "/nonexistent/a.log";
    const auto writer = Writer::start(settings, 1);
    REQUIRE(writer.has_error());
    CHECK(writer.error().text() ==
          "access_log.path: /nonexistent/a.log: No such file or directory");
}
