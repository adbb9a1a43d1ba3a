// A student's file: what it was made of, and its parts one after the other (docs/students.md). Read strictly: parts in
// their order, each once, nothing between, before or behind them, and a checksum over all.
// Thread rule: plain values; the parts are views of the bytes that were read. Limits: kMostStudentBytes, kMostParts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostStudentBytes = 32u << 20;
inline constexpr std::size_t kPartAlignment = 16;  // of a part's place

enum class StudentPart : std::uint32_t { slot = 1, labels = 2, spans = 3, nearest = 4 };
inline constexpr std::size_t kMostParts = 4;

struct StudentFile {
    struct Part {
        StudentPart what = StudentPart::slot;
        std::string_view bytes;
    };
    std::uint32_t examples = 0;
    Digest256 training_set{};
    std::vector<Part> parts;

    // Null: there is no such part.
    const Part* find(StudentPart what) const;

    // Parts in ascending order. Error: too_large.
    Result<std::string> write() const;
    // Errors: invalid (of an earlier version, another kind of file, damaged), too_large.
    static Result<StudentFile> read(std::string_view bytes);
};

}  // namespace weir::tiers::student
