// Counts and logs what escapes a coroutine that nobody awaits: each is a defect, none is lost.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <exception>
#include <string_view>

namespace fairlead {

void report_failed_coroutine(std::string_view name, const std::exception_ptr& error) noexcept;

/// How many coroutines ended by an exception in this process.
std::uint64_t failed_coroutines() noexcept;

}  // namespace fairlead
