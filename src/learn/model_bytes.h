// Little-endian bytes for models: written whole, read with every length checked.
// Thread rule: plain values. After a read past the end `ok()` is false and everything read is 0.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::learn {

static_assert(std::endian::native == std::endian::little);

class ModelWriter {
  public:
    template <class T>
    void put(T value) {
        char bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof bytes);
        bytes_.append(bytes, sizeof bytes);
    }
    void put_text(std::string_view text) {
        put(static_cast<std::uint32_t>(text.size()));
        bytes_ += text;
    }
    std::string& bytes() { return bytes_; }

  private:
    std::string bytes_;
};

class ModelReader {
  public:
    explicit ModelReader(std::string_view bytes) : rest_(bytes) {}
    template <class T>
    T get() {
        T value{};
        if (rest_.size() < sizeof value) {
            spoil();
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    // At most `limit` bytes.
    std::string_view get_text(std::size_t limit) {
        const std::size_t size = get<std::uint32_t>();
        if (size > limit || size > rest_.size()) {
            spoil();
            return {};
        }
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }
    std::size_t left() const { return rest_.size(); }
    bool ok() const { return ok_; }

  private:
    void spoil() {
        ok_ = false;
        rest_ = {};
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace weir::learn
