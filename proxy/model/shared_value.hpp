// An optional immutable value that many owners share: one pointer wide, equal by content.
//
// For what few of many entries have: an entry without it costs a null pointer.
//
// Threads: any (immutable; the count is atomic).
#pragma once

#include <memory>
#include <utility>

namespace fairlead::model {

template <class T>
class SharedValue {
public:
    SharedValue() = default;
    SharedValue(T value)  // NOLINT: a value is one that can be shared
        : value_(std::make_shared<const T>(std::move(value))) {}

    explicit operator bool() const noexcept { return value_ != nullptr; }
    const T* get() const noexcept { return value_.get(); }
    const T& operator*() const noexcept { return *value_; }
    const T* operator->() const noexcept { return value_.get(); }

    bool operator==(const SharedValue& other) const {
        if (value_ == other.value_) return true;
        return value_ != nullptr && other.value_ != nullptr && *value_ == *other.value_;
    }

private:
    std::shared_ptr<const T> value_;
};

}  // namespace fairlead::model
