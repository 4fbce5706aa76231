#include "tests/support/worker_allocations.hpp"

#include <atomic>
#include <cstring>
#include <sys/prctl.h>

// g++ says it by these macros, clang by features.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAIRLEAD_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAIRLEAD_SANITIZED
#endif

namespace {

std::atomic<bool> is_counting{false};
std::atomic<std::size_t> allocations{0};

/// By the thread's name, which a thread that has allocated before it had one has too.
void note() noexcept {
    if (!is_counting.load(std::memory_order_relaxed)) return;
    char name[16] = {};
    ::prctl(PR_GET_NAME, name);
    if (std::strncmp(name, "worker-", 7) == 0) ++allocations;
}

}  // namespace

#if defined(FAIRLEAD_SANITIZED)
// Called by the sanitizers' own malloc, if the program has it.
extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t) {
    note();
}
#else
// glibc's own, under the names that it keeps for replacements like these.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    note();
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    note();
    return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    note();
    return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note();
    return __libc_memalign(alignment, size);
}
}
#endif

namespace fairlead::test {

WorkerAllocations::WorkerAllocations() {
    allocations.store(0);
    is_counting.store(true);
}

WorkerAllocations::~WorkerAllocations() {
    is_counting.store(false);
}

std::size_t WorkerAllocations::count() noexcept {
    return allocations.load();
}

}  // namespace fairlead::test
