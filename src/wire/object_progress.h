// How far a JSON object has come that is fed in pieces (the arguments of a streamed tool call): whether its brackets
// are closed. What stands between them is not checked. Thread rule: one owner.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::wire {

class ObjectProgress {
  public:
    void feed(std::string_view text) {
        for (const char byte : text) step(byte);
    }
    bool whole() const { return begun_ && depth_ == 0 && !broken_; }
    bool untouched() const { return !begun_ && !broken_; }

  private:
    void step(char byte) {
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_) {
            escaped_ = byte == '\\';
            in_string_ = byte != '"';
        } else if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
        } else if (!begun_) {
            begun_ = true;
            broken_ |= byte != '{';
            depth_ = 1;
        } else if (depth_ == 0) {
            broken_ = true;
        } else if (byte == '"') {
            in_string_ = true;
        } else if (byte == '{' || byte == '[') {
            ++depth_;
        } else if (byte == '}' || byte == ']') {
            --depth_;
        }
    }

    std::size_t depth_ = 0;
    bool begun_ = false, broken_ = false, in_string_ = false, escaped_ = false;
};

}  // namespace weir::wire
