#include "proxy/access_log/mirrored_buffer.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace fairlead::access_log {

Checked<MirroredBuffer> MirroredBuffer::make(std::size_t size) {
    const auto failed = [] {
        return problem("no memory for the access log's buffers: {}", std::strerror(errno));
    };
    const int file = ::memfd_create("access-log", MFD_CLOEXEC);
    if (file < 0) return failed();
    void* const both =
        ::ftruncate(file, static_cast<off_t>(size)) == 0
            ? ::mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : MAP_FAILED;
    if (both == MAP_FAILED) {
        const auto why = failed();
        ::close(file);
        return why;
    }
    auto* const data = static_cast<char*>(both);
    const auto map = [&](char* at) {
        return ::mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == at;
    };
    const bool is_mapped = map(data) && map(data + size);
    const auto why = failed();
    ::close(file);
    if (is_mapped) return MirroredBuffer(data, size);
    ::munmap(both, 2 * size);
    return why;
}

MirroredBuffer::~MirroredBuffer() {
    if (data_ != nullptr) ::munmap(data_, 2 * size_);
}

MirroredBuffer::MirroredBuffer(MirroredBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

}  // namespace fairlead::access_log
