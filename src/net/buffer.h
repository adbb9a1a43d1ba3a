// A growing byte buffer that is read from its front and filled at its end.
// Thread rule: one owner. Limits: the owner's.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace weir::net {

class Buffer {
  public:
    explicit Buffer(std::size_t capacity) { grow(capacity); }

    std::string_view content() const { return {bytes_.get() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }

    // Room at the end: moves the content to the front where that helps.
    std::span<char> room() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
        } else if (end_ == capacity_) {
            move_to_front();
        }
        return {bytes_.get() + end_, capacity_ - end_};
    }
    std::span<char> bytes() { return {bytes_.get() + begin_, end_ - begin_}; }  // the content, to be changed in place
    void added(std::size_t bytes) { end_ += bytes; }
    void consume(std::size_t bytes) { begin_ += bytes; }

    void move_to_front() {
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    // Makes the capacity at least `capacity`; views of the content end.
    void grow(std::size_t capacity) {
        if (capacity <= capacity_) return;
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (end_ > begin_) std::memcpy(larger.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        bytes_ = std::move(larger);
        capacity_ = capacity;
    }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace weir::net
