// Keeps objects that are costly to make for reuse: their grown storage stays with them.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace fairlead {

/// T needs `void release()`: called when an object comes back, to let go of what it borrowed.
template <class T>
class ObjectPool {
public:
    explicit ObjectPool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
    ObjectPool(const ObjectPool&) = delete;
    ObjectPool& operator=(const ObjectPool&) = delete;

    /// The use of one object; gives it back at the end.
    class Loan {
    public:
        Loan(ObjectPool& pool, std::unique_ptr<T> object) noexcept
            : pool_(&pool), object_(std::move(object)) {}
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan() { reset(); }

        T& operator*() const noexcept { return *object_; }
        T* operator->() const noexcept { return object_.get(); }

        /// Gives it back now.
        void reset() {
            if (object_) pool_->give_back(std::move(object_));
        }

    private:
        ObjectPool* pool_;
        std::unique_ptr<T> object_;
    };

    Loan borrow() {
        if (kept_.empty()) kept_.push_back(make_());
        auto object = std::move(kept_.back());
        kept_.pop_back();
        return Loan(*this, std::move(object));
    }

private:
    static constexpr std::size_t most_kept = 256;

    void give_back(std::unique_ptr<T> object) {
        object->release();
        if (kept_.size() < most_kept) kept_.push_back(std::move(object));
    }

    std::function<std::unique_ptr<T>()> make_;
    std::vector<std::unique_ptr<T>> kept_;
};

}  // namespace fairlead
