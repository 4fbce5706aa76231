#include "proxy/http/body_reader.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

struct Outcome {
    std::string body;
    std::string left;  // what was not consumed
    std::vector<Field> trailers;
    bool done = false;
    bool failed = false;
};

/// Feeds `text` in pieces of `piece` bytes, as a connection would.
Outcome read(const std::string& text, const Framing& framing, std::size_t piece) {
    BodyReader reader;
    reader.begin(framing, HeadLimits());
    Outcome outcome;
    std::string pending;
    for (std::size_t at = 0; at < text.size() && !reader.is_done(); at += piece) {
        pending += text.substr(at, piece);
        for (bool more = true; more && !reader.is_done();) {
            auto step = reader.step(pending.data(), pending.size());
            outcome.body += step.piece.data;
            if (step.piece.trailers != nullptr) {
                for (const auto& field : *step.piece.trailers) {
                    REQUIRE_FALSE(field.name.empty());
                    outcome.trailers.push_back(field);
                }
            }
            pending.erase(0, step.consumed);
            if (step.kind == BodyReader::Step::Kind::failed) {
                outcome.failed = true;
                return outcome;
            }
            more = step.kind == BodyReader::Step::Kind::piece && !pending.empty();
        }
        if (reader.is_done()) pending += text.substr(std::min(text.size(), at + piece));
    }
    outcome.done = reader.is_done();
    outcome.left = pending;
    return outcome;
}

const Framing chunked = {Framing::Kind::chunked, 0};

}  // namespace

TEST_CASE("a chunked body reads the same however it is cut", "[http][body]") {
    const std::string text =
        "5\r\nHello\r\n7;ext=\"1\"\r\n, world\r\n1\r\n!\r\n0\r\nX-Sum: 13\r\n\r\nGET ";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, chunked, piece);
        CHECK(outcome.body == "Hello, world!");
        CHECK(outcome.done);
        CHECK(outcome.left == "GET ");
        CHECK(outcome.trailers.size() == 1);
    }
}

TEST_CASE("sizes may have zeros in front, and white space before an extension", "[http][body]") {
    const std::string text =
        std::string(40, '0') + "5 \t;a=b\r\nHello\r\n" + std::string(20, '0') + "\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, chunked, piece);
        CHECK(outcome.body == "Hello");
        CHECK(outcome.done);
    }
}

TEST_CASE("a body with a length ends there, and what follows is left", "[http][body]") {
    const auto outcome = read("HelloGET ", {Framing::Kind::length, 5}, 3);
    CHECK(outcome.body == "Hello");
    CHECK(outcome.done);
    CHECK(outcome.left == "GET ");
}

TEST_CASE("a malformed chunked body is refused, never repaired", "[http][body]") {
    const std::vector<std::pair<const char*, std::string>> rows = {
        {"no size", "\r\nHello\r\n"},
        {"a size with a sign", "+5\r\nHello\r\n"},
        {"a size with 0x", "0x5\r\nHello\r\n"},
        {"a size with a space before", " 5\r\nHello\r\n"},
        {"a size with a space behind", "5 \r\nHello\r\n"},
        {"a size with a space behind its zeros", "00 \r\n\r\n"},
        {"a size that is not hexadecimal", "5g\r\nHello\r\n"},
        {"a size that overflows", "ffffffffffffffff1\r\nHello\r\n"},
        {"a size line that ends in a bare line feed", "5\nHello\r\n"},
        {"an extension with a bare carriage return", "5;a\rb\r\nHello\r\n"},
        {"an extension with a control byte", "5;a\x01\r\nHello\r\n"},
        {"data longer than its size", "5\r\nHello!\r\n0\r\n\r\n"},
        {"data that ends in a bare line feed", "5\r\nHello\n0\r\n\r\n"},
        {"an endless size line", "5;" + std::string(400, 'a')},
        {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n"},
        {"a trailer with a space before the colon", "0\r\nA : b\r\n\r\n"},
        {"a trailer that ends in a bare line feed", "0\r\nA: b\n\r\n"},
    };
    for (const auto& [what, text] : rows) {
        for (const std::size_t piece : {std::size_t{1}, text.size()}) {
            INFO(what << ", in pieces of " << piece);
            CHECK(read(text, chunked, piece).failed);
        }
    }
}

TEST_CASE("a body up to the close ends with the connection, the others do not", "[http][body]") {
    BodyReader reader;
    reader.begin({Framing::Kind::until_close, 0}, HeadLimits());
    CHECK(reader.end_of_stream());
    reader.begin({Framing::Kind::length, 3}, HeadLimits());
    CHECK_FALSE(reader.end_of_stream());
    reader.begin(chunked, HeadLimits());
    CHECK_FALSE(reader.end_of_stream());
}
