// A hash table of immutable records whose copies share what they have in common.
//
// A copy costs a pointer for each 32 records, and a change of the copy another 64 records'
// pointers: that is what makes a snapshot's change cost so little beside its size. `Record` says
// its key by `std::string_view key() const noexcept`.
//
// Threads: reading: any, as long as nobody changes this copy; changing: one thread, and then only a
// copy that no other thread has. Cost of find(): one chunk, and the record itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::model {

inline std::uint64_t table_hash(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key);
}

template <class Record>
class SharedTable {
public:
    using Pointer = std::shared_ptr<const Record>;

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// Null: there is none of that key.
    const Record* find(std::string_view key) const noexcept {
        return empty() ? nullptr : find(key, table_hash(key));
    }
    /// `hash`: of the key, where it is known already.
    const Record* find(std::string_view key, std::uint64_t hash) const noexcept {
        const Pointer* const at = locate(key, hash);
        return at == nullptr ? nullptr : at->get();
    }
    /// The same, to be kept.
    Pointer share(std::string_view key) const noexcept {
        const Pointer* const at = locate(key, table_hash(key));
        return at == nullptr ? nullptr : *at;
    }
    bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }

    /// Puts a record in, in the place of the one of its key.
    void set(Pointer record) {
        if (chunks_.empty() || size_ >= chunks_.size() * records_a_chunk) grow();
        const auto wanted = table_hash(record->key());
        while (!put(own_chunk(wanted), wanted, record)) grow();
    }

    /// False: there was none.
    bool erase(std::string_view key) {
        const auto wanted = table_hash(key);
        if (locate(key, wanted) == nullptr) return false;
        auto& chunk = chunks_[wanted & (chunks_.size() - 1)];
        const auto without = std::make_shared<Chunk>();
        for (const auto& record : chunk->records) {
            if (record && record->key() != key) insert(*without, table_hash(record->key()), record);
        }
        chunk = without;
        --size_;
        return true;
    }

    /// All, in the order of their keys. O(n log n): for people, not for requests.
    std::vector<const Record*> sorted() const {
        std::vector<const Record*> all;
        all.reserve(size_);
        for (const auto& chunk : chunks_) {
            for (const auto& record : chunk->records) {
                if (record) all.push_back(record.get());
            }
        }
        std::sort(all.begin(), all.end(),
                  [](const Record* a, const Record* b) { return a->key() < b->key(); });
        return all;
    }

private:
    static constexpr std::size_t slots = 64;
    static constexpr std::size_t fullest = 60;          // of a chunk: a probe always ends
    static constexpr std::size_t records_a_chunk = 32;  // on average, at most

    // Linear probing within a chunk.
    struct Chunk {
        std::array<std::uint32_t, slots> tags = {};  // 0: free
        std::array<Pointer, slots> records;
        std::size_t count = 0;
    };

    // The chunk's number, the first slot to look at and the tag are of different bits.
    static std::size_t first_slot(std::uint64_t hash) noexcept { return (hash >> 26U) % slots; }
    static std::uint32_t tag_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash >> 32U) | 1U;
    }

    const Pointer* locate(std::string_view key, std::uint64_t hash) const noexcept {
        if (chunks_.empty()) return nullptr;
        const Chunk& chunk = *chunks_[hash & (chunks_.size() - 1)];
        const auto tag = tag_of(hash);
        for (auto slot = first_slot(hash); chunk.tags[slot] != 0; slot = (slot + 1) % slots) {
            if (chunk.tags[slot] == tag && chunk.records[slot]->key() == key)
                return &chunk.records[slot];
        }
        return nullptr;
    }

    /// The chunk for that hash, which this copy alone has.
    Chunk& own_chunk(std::uint64_t hash) {
        auto& chunk = chunks_[hash & (chunks_.size() - 1)];
        if (chunk.use_count() > 1) chunk = std::make_shared<Chunk>(*chunk);
        return *chunk;
    }

    /// False: the chunk is full.
    bool put(Chunk& chunk, std::uint64_t hash, const Pointer& record) {
        const auto tag = tag_of(hash);
        for (auto slot = first_slot(hash); chunk.tags[slot] != 0; slot = (slot + 1) % slots) {
            if (chunk.tags[slot] != tag || chunk.records[slot]->key() != record->key()) continue;
            chunk.records[slot] = record;
            return true;
        }
        if (chunk.count == fullest) return false;
        insert(chunk, hash, record);
        ++size_;
        return true;
    }

    static void insert(Chunk& chunk, std::uint64_t hash, const Pointer& record) {
        auto slot = first_slot(hash);
        while (chunk.tags[slot] != 0) slot = (slot + 1) % slots;
        chunk.tags[slot] = tag_of(hash);
        chunk.records[slot] = record;
        ++chunk.count;
    }

    /// Twice the chunks, and twice again should one of them be full even so.
    void grow() {
        std::vector<Pointer> all;
        all.reserve(size_);
        for (const auto& chunk : chunks_) {
            for (const auto& record : chunk->records) {
                if (record) all.push_back(record);
            }
        }
        for (auto count = std::max<std::size_t>(chunks_.size() * 2, 1);; count *= 2) {
            if (spread(all, count)) return;
        }
    }

    bool spread(const std::vector<Pointer>& all, std::size_t count) {
        chunks_.assign(count, nullptr);
        for (auto& chunk : chunks_) chunk = std::make_shared<Chunk>();
        for (const auto& record : all) {
            const auto wanted = table_hash(record->key());
            Chunk& chunk = *chunks_[wanted & (count - 1)];
            if (chunk.count == fullest) return false;
            insert(chunk, wanted, record);
        }
        return true;
    }

    std::vector<std::shared_ptr<Chunk>> chunks_;  // a power of two of them, or none
    std::size_t size_ = 0;
};

}  // namespace fairlead::model
