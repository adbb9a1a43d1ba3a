// Bytes that grow at their end, without being cleared first, and have some room before their begin for what is known
// only at the end. Moved, never copied.
// Thread rule: one owner. Limits: memory; what holds one says when it is full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::telemetry {

class ByteBuffer {
  public:
    static constexpr std::size_t kFront = 512;

    ByteBuffer() = default;
    ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        ByteBuffer taken(std::move(other));
        swap(taken);
        return *this;
    }

    std::size_t size() const { return end_ - begin_; }
    std::string_view view() const {
        return size() == 0 ? std::string_view() : std::string_view(&bytes_[begin_], size());
    }
    // `at`: counted from the begin. Valid until room() is asked for.
    char* at(std::size_t at) { return bytes_.get() + begin_ + at; }

    // Where up to `most` bytes may be written; ended() says how many were.
    char* room(std::size_t most) {
        if (end_ + most > capacity_) grow(most);
        return bytes_.get() + end_;
    }
    // For that many bytes in all, where there is no room for as many yet.
    void reserve(std::size_t size) {
        if (kFront + size > capacity_) grow(kFront + size - end_);
    }
    void ended(const char* end) { end_ = static_cast<std::size_t>(end - bytes_.get()); }
    void shrink(std::size_t size) { end_ = begin_ + size; }
    // Where `size` bytes before the begin are written. At most kFront, once.
    char* before(std::size_t size) {
        begin_ -= std::min(size, begin_);
        return bytes_.get() + begin_;
    }
    // Empty, with its memory.
    void clear() { begin_ = end_ = kFront; }

  private:
    void swap(ByteBuffer& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }
    void grow(std::size_t most) {
        const std::size_t capacity = std::max(end_ + most, 2 * capacity_);
        auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
        view().copy(&bytes[begin_], size());
        bytes_ = std::move(bytes);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = kFront, end_ = kFront;
};

}  // namespace weir::telemetry
