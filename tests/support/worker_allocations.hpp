// Counts what the proxy's worker threads take from the heap, by malloc or by operator new, with and
// without sanitizers. Linking it in replaces the program's malloc: for a test program of its own.
//
// Threads: any.
#pragma once

#include <cstddef>

namespace fairlead::test {

class WorkerAllocations {
public:
    /// Counts from here to the end of its life; one at a time.
    WorkerAllocations();
    ~WorkerAllocations();
    WorkerAllocations(const WorkerAllocations&) = delete;
    WorkerAllocations& operator=(const WorkerAllocations&) = delete;

    static std::size_t count() noexcept;
};

}  // namespace fairlead::test
