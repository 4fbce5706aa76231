#include "proxy/base/failure.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace fairlead {
namespace {

struct Row {
    std::string_view code;
    int status;
    Side side;
    std::string_view text;
};

constexpr std::array<Row, reason_count> rows = {{
    {"-", 0, Side::internal, "no failure"},
#define FAIRLEAD_REASON(code, status, side, text) {#code, status, Side::side, text},
#include "proxy/base/reasons.def"
#undef FAIRLEAD_REASON
}};

const Row& row(Reason reason) noexcept {
    return rows[static_cast<std::size_t>(reason)];
}

}  // namespace

std::string_view to_string(Reason reason) noexcept {
    return row(reason).code;
}
std::string_view text_of(Reason reason) noexcept {
    return row(reason).text;
}
int status_of(Reason reason) noexcept {
    return row(reason).status;
}
Side side_of(Reason reason) noexcept {
    return row(reason).side;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    std::fprintf(stderr, "fairlead: value() of a failed result (%s)\n",
                 std::string(to_string(failure.reason)).c_str());
    std::abort();
}

}  // namespace fairlead
