// Any bytes as a nearest-copy student: refused, or one that answers and writes itself as it was read. And any bytes as
// examples.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "tiers/student/nearest_copy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::tiers::student;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    NearestCopy::Scratch scratch;
    StudentAnswer answer;
    if (const auto student = NearestCopy::read(bytes)) {
        if (student->bytes() != bytes) std::abort();
        if (student->answer(bytes.substr(0, 200), scratch, answer) && !(answer.log_probability <= 0)) std::abort();
    }
    std::vector<StudentExample> examples;
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= bytes.size() && parts.size() < 64;) {
        const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
        parts.push_back(bytes.substr(at, end - at));
        at = end + 1;
    }
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) examples.push_back({parts[i], parts[i + 1]});
    const auto student = NearestCopy::train(examples);
    if (!student) return 0;
    const std::string written = student->bytes();
    const auto again = NearestCopy::read(written);
    if (!again || again->bytes() != written) std::abort();
    for (const std::string_view part : parts) {
        if (student->answer(part, scratch, answer) && !(answer.log_probability <= 0)) std::abort();
    }
    return 0;
}
