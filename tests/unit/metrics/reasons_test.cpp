#include "proxy/base/failure.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace fairlead;

namespace {

std::string_view side_name(Side side) {
    switch (side) {
        case Side::downstream:
            return "client";
        case Side::upstream:
            return "endpoint";
        case Side::internal:
            break;
    }
    return "Fairlead";
}

}  // namespace

TEST_CASE("every reason has a code, a status that fits its side, and a sentence", "[reasons]") {
    std::set<std::string_view> codes;
    for (std::size_t i = 1; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        CAPTURE(to_string(reason));
        CHECK(codes.insert(to_string(reason)).second);
        CHECK_FALSE(text_of(reason).empty());
        const int status = status_of(reason);
        switch (side_of(reason)) {
            case Side::downstream:
                CHECK((status == 0 || (status >= 400 && status <= 499)));
                break;
            case Side::upstream:
                CHECK((status == 502 || status == 504));
                break;
            case Side::internal:
                CHECK((status == 308 || status == 404 || status == 500 || status == 503));
                break;
        }
    }
}

TEST_CASE("docs/reasons.md has the row of every reason", "[reasons][docs]") {
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/reasons.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (std::size_t i = 1; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        const int status = status_of(reason);
        const auto row = fmt::format("| `{}` | {} | {} | {} |", to_string(reason),
                                     status == 0 ? "-" : std::to_string(status),
                                     side_name(side_of(reason)), text_of(reason));
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
}

TEST_CASE("docs/reasons.md has no row of a reason that is gone", "[reasons][docs]") {
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/reasons.md");
    std::ptrdiff_t rows = 0;
    for (std::string line; std::getline(file, line);) rows += line.starts_with("| `") ? 1 : 0;
    CHECK(rows == static_cast<std::ptrdiff_t>(reason_count) - 1);
}
