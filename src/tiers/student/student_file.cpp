#include "tiers/student/student_file.h"

#include <algorithm>
#include <cstring>

#include "learn/model_bytes.h"

namespace weir::tiers::student {
namespace {

constexpr std::string_view kMagic = "WEIRSTU2", kMagicBefore = "WEIRSTU1";
constexpr std::size_t kDigest = sizeof(Digest256);
constexpr std::size_t kHead = 8 + 4 + 4 + kDigest;
constexpr std::size_t kEntry = 4 + 4;  // of the table: which part, how many bytes

std::size_t aligned(std::size_t place) {
    return (place + kPartAlignment - 1) / kPartAlignment * kPartAlignment;
}

Error damaged(std::string_view what) {
    return {ErrorCode::invalid, "damaged student: " + std::string(what)};
}

void append_digest(const Digest256& digest, std::string& to) {
    to.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

}  // namespace

const StudentFile::Part* StudentFile::find(StudentPart what) const {
    const auto at = std::find_if(parts.begin(), parts.end(), [what](const Part& part) { return part.what == what; });
    return at == parts.end() ? nullptr : &*at;
}

Result<std::string> StudentFile::write() const {
    learn::ModelWriter to;
    to.bytes() = kMagic;
    to.put(examples);
    to.put(static_cast<std::uint32_t>(parts.size()));
    append_digest(training_set, to.bytes());
    for (const Part& part : parts) {
        if (part.bytes.size() > kMostStudentBytes) return fail(ErrorCode::too_large, "a student has at most 32 MiB");
        to.put(static_cast<std::uint32_t>(part.what));
        to.put(static_cast<std::uint32_t>(part.bytes.size()));
    }
    for (const Part& part : parts) {
        to.bytes().resize(aligned(to.bytes().size()), '\0');
        to.bytes() += part.bytes;
    }
    append_digest(sha256(to.bytes()), to.bytes());
    if (to.bytes().size() > kMostStudentBytes) return fail(ErrorCode::too_large, "a student has at most 32 MiB");
    return std::move(to.bytes());
}

Result<StudentFile> StudentFile::read(std::string_view bytes) {
    if (bytes.size() > kMostStudentBytes) return fail(ErrorCode::too_large, "a student has at most 32 MiB");
    if (bytes.starts_with(kMagicBefore)) {
        return fail(ErrorCode::invalid, "a student of an earlier version of Weir: it has to be trained anew");
    }
    if (bytes.size() < kHead + kDigest || !bytes.starts_with(kMagic)) {
        return tl::unexpected(damaged("it begins or ends otherwise"));
    }
    const std::string_view body = bytes.substr(0, bytes.size() - kDigest);
    const Digest256 digest = sha256(body);
    if (std::memcmp(digest.data(), bytes.data() + body.size(), kDigest) != 0) {
        return tl::unexpected(damaged("its checksum differs"));
    }
    StudentFile file;
    learn::ModelReader from(body.substr(kMagic.size()));
    file.examples = from.get<std::uint32_t>();
    const std::size_t count = from.get<std::uint32_t>();
    for (std::uint8_t& each : file.training_set) each = from.get<std::uint8_t>();
    if (count > kMostParts || from.left() < count * kEntry) return tl::unexpected(damaged("its table of parts"));
    std::size_t place = kHead + count * kEntry;
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto what = from.get<std::uint32_t>();
        const std::size_t size = from.get<std::uint32_t>(), begin = aligned(place);
        if (what <= before || what > static_cast<std::uint32_t>(StudentPart::nearest)) {
            return tl::unexpected(damaged("a part of a kind that is not known, or out of order"));
        }
        if (begin > body.size() || size > body.size() - begin ||
            body.substr(place, begin - place).find_first_not_of('\0') != std::string_view::npos) {
            return tl::unexpected(damaged("a part's place"));
        }
        file.parts.push_back({static_cast<StudentPart>(what), body.substr(begin, size)});
        before = what;
        place = begin + size;
    }
    if (place != body.size()) return tl::unexpected(damaged("it is too short or too long"));
    return file;
}

}  // namespace weir::tiers::student
