#include "proxy/http/keep_alive.hpp"

#include <catch2/catch.hpp>

#include <string_view>

using namespace fairlead::http;

TEST_CASE("how long an endpoint keeps an idle connection is read where it says so", "[http]") {
    struct Row {
        std::string_view value;
        int seconds;  // 0: says nothing
    };
    const auto row =
        GENERATE(Row{"timeout=5", 5}, Row{"timeout=5, max=100", 5}, Row{"max=100,\tTimeout=15", 15},
                 Row{"timeout=0", 0}, Row{"timeout", 0}, Row{"timeout=", 0}, Row{"timeout=-3", 0},
                 Row{"timeout=99999999999999", 0}, Row{"", 0}, Row{",,", 0});
    CAPTURE(row.value);
    ResponseHead head;
    head.fields.emplace_back();
    head.fields.back().id = FieldId::keep_alive;
    head.fields.back().value = row.value;
    CHECK(announced_idle_time(head).value_or(std::chrono::seconds(0)).count() == row.seconds);
}
