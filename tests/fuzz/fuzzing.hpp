// What all fuzz targets share: checks that end the run, and cuts that depend on the input alone, so
// that a finding can be repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace fairlead::fuzz {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// The input in memory of exactly its size, so that the address sanitizer sees one byte too far.
class Bytes {
public:
    explicit Bytes(std::string_view text)
        : storage_(std::make_unique<char[]>(text.size())), size_(text.size()) {
        text.copy(storage_.get(), text.size());
    }

    char* data() noexcept { return storage_.get(); }
    std::string_view text() const noexcept { return {storage_.get(), size_}; }
    /// Whether all of `part` lies in here; nothing lies anywhere.
    bool holds(std::string_view part) const noexcept {
        return part.empty() || (part.data() >= storage_.get() &&
                                part.data() + part.size() <= storage_.get() + size_);
    }

private:
    std::unique_ptr<char[]> storage_;
    std::size_t size_;
};

/// How many bytes come next: one each time, or pieces of all sizes.
class Cuts {
public:
    enum class Kind : std::uint8_t { single_bytes, any };

    Cuts(Kind kind, std::string_view input) : kind_(kind) {
        for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * prime;
    }

    std::size_t next() noexcept {
        if (kind_ == Kind::single_bytes) return 1;
        state_ = (state_ ^ (state_ >> 29U)) * prime;
        const auto bits = static_cast<unsigned>(state_ >> 40U);
        return 1 + (bits >> 4U) % (std::size_t{1} << (bits % 8));
    }
    bool coin() noexcept { return next() % 2 == 0; }

private:
    static constexpr std::uint64_t prime = 0x100000001b3;

    Kind kind_;
    std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace fairlead::fuzz
