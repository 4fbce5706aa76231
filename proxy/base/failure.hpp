// What went wrong, whose fault it was, and what follows from that.
//
// Status, log level and metric label are pure functions of a Failure, so a reason is decided once,
// where it is seen, and never translated. Whether to repeat depends on more: AttemptFacts
// (upstream/retry.hpp).
//
// Threads: any (values).
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead {

enum class Side : std::uint8_t { downstream, upstream, internal };

enum class Reason : std::uint8_t {
    none,
#define FAIRLEAD_REASON(code, status, side, text) code,
#include "proxy/base/reasons.def"
#undef FAIRLEAD_REASON
    count_
};

inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::count_);

/// The code users see: X-Fairlead-Reason, log and metric. "-" for none.
std::string_view to_string(Reason reason) noexcept;

/// One sentence for people; docs/reasons.md lists them all.
std::string_view text_of(Reason reason) noexcept;

/// The status the client gets, 0 where no answer can be given.
int status_of(Reason reason) noexcept;

Side side_of(Reason reason) noexcept;

struct Failure {
    Reason reason = Reason::internal_error;
    // What the operating system said, for the log; empty where we decided ourselves.
    boost::system::error_code cause = {};

    Failure() noexcept = default;
    Failure(Reason why) noexcept : reason(why) {}  // NOLINT: a reason is a failure
    Failure(Reason why, boost::system::error_code ec) noexcept : reason(why), cause(ec) {}
};

/// Required by boost::system::result; reached only by calling value() on an error, which is our
/// bug.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location&);

template <class T = void>
using result = boost::system::result<T, Failure>;

}  // namespace fairlead
