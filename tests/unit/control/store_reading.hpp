// The whole of a store, as a value.
//
// Threads: the test's.
#pragma once

#include "control/store/store_image.hpp"
#include "tests/unit/control/run_task.hpp"

namespace fairlead::test {

inline Checked<control::StoreContents> try_read_all(aio::IoContext& io, control::Store& store) {
    control::StoreContents contents;
    const control::Store::Look keep = [&](const auto& shown) { contents = shown.contents; };
    const auto done = run_task(io, store.read(keep));
    if (!done) return done.error();
    return contents;
}

inline control::StoreContents read_all(aio::IoContext& io, control::Store& store) {
    auto contents = try_read_all(io, store);
    REQUIRE(contents.has_value());
    return std::move(*contents);
}

}  // namespace fairlead::test
