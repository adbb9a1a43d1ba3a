#include "tiers/exact_cache/purge_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

namespace weir::tiers {
namespace {

constexpr std::string_view kStart("WPL\x01", 4);
constexpr std::string_view kLineMark("\xf5p", 2);
constexpr std::size_t kHeadBytes = 2 + 1 + 8 + 3;  // mark, kind, time, three lengths
constexpr std::size_t kChecksumBytes = 8;
constexpr std::uint8_t kEverything = 255;  // a kind that no Mark has
constexpr std::uint64_t kMaxFileBytes = 256u << 20;

void append_fixed64(std::uint64_t value, std::string& out) {
    for (int i = 0; i < 8; ++i, value >>= 8) out += static_cast<char>(value);
}

std::uint64_t fixed64(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

void append_line(std::uint8_t kind, Micros time, const Mark& mark, std::string& out) {
    const std::size_t begin = out.size();
    out += kLineMark;
    out += static_cast<char>(kind);
    append_fixed64(static_cast<std::uint64_t>(time), out);
    for (const std::string* text : {&mark.tenant, &mark.value, &mark.keep}) out += static_cast<char>(text->size());
    for (const std::string* text : {&mark.tenant, &mark.value, &mark.keep}) out += *text;
    append_fixed64(short_digest(sha256(std::string_view(out).substr(begin))), out);
}

struct RawLine {
    std::uint8_t kind = 0;
    PurgeLine line;
    std::size_t bytes = 0;
};

// The line that `bytes` begins with.
std::optional<RawLine> read_line(std::string_view bytes) {
    if (bytes.size() < kHeadBytes + kChecksumBytes || !bytes.starts_with(kLineMark)) return std::nullopt;
    RawLine raw;
    raw.kind = static_cast<std::uint8_t>(bytes[2]);
    raw.line.unix_micros = static_cast<Micros>(fixed64(bytes.substr(3)));
    std::size_t at = kHeadBytes;
    std::size_t lengths = 11;
    for (std::string* text : {&raw.line.mark.tenant, &raw.line.mark.value, &raw.line.mark.keep}) {
        const auto length = static_cast<std::uint8_t>(bytes[lengths++]);
        if (at + length + kChecksumBytes > bytes.size()) return std::nullopt;
        *text = bytes.substr(at, length);
        at += length;
    }
    if (fixed64(bytes.substr(at)) != short_digest(sha256(bytes.substr(0, at)))) return std::nullopt;
    if (raw.kind != kEverything && raw.kind > static_cast<std::uint8_t>(MarkKind::writer)) return std::nullopt;
    raw.line.mark.kind = raw.kind == kEverything ? MarkKind::key : static_cast<MarkKind>(raw.kind);
    raw.bytes = at + kChecksumBytes;
    return raw;
}

// The beginning of a line, cut short by the end of the file.
bool is_torn(std::string_view tail) {
    if (!tail.starts_with(kLineMark.substr(0, tail.size()))) return false;
    if (tail.size() < kHeadBytes) return true;
    std::size_t size = kHeadBytes + kChecksumBytes;
    for (std::size_t i = 0; i < 3; ++i) size += static_cast<std::uint8_t>(tail[11 + i]);
    return size > tail.size();
}

bool write_at(int file, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return true;
}

}  // namespace

void append_purge(const PurgeLine& line, std::string& out) {
    append_line(static_cast<std::uint8_t>(line.mark.kind), line.unix_micros, line.mark, out);
}

std::string encode_purges(const PurgeList& list) {
    std::string out(kStart);
    if (list.everything_until != INT64_MIN) append_line(kEverything, list.everything_until, {}, out);
    for (const PurgeLine& line : list.lines) append_purge(line, out);
    return out;
}

Result<ReadPurges> decode_purges(std::string_view bytes) {
    ReadPurges read;
    if (bytes.size() < kStart.size() && kStart.starts_with(bytes)) return read;
    if (!bytes.starts_with(kStart)) return fail(ErrorCode::invalid, "not a purge list of this version");
    read.good_bytes = kStart.size();
    for (std::size_t at = kStart.size(); at < bytes.size();) {
        std::optional<RawLine> raw = read_line(bytes.substr(at));
        if (!raw) {  // a torn tail, unless another line comes behind
            at = bytes.find(kLineMark, at + 1);
            continue;
        }
        if (at != read.good_bytes) read.damaged = true;
        if (raw->kind == kEverything) {
            read.list.everything_until = std::max(read.list.everything_until, raw->line.unix_micros);
        } else {
            read.list.lines.push_back(std::move(raw->line));
        }
        at += raw->bytes;
        read.good_bytes = at;
    }
    const std::string_view tail = bytes.substr(read.good_bytes);
    if (!tail.empty() && !is_torn(tail)) read.damaged = true;
    return read;
}

PurgeFile::~PurgeFile() {
    if (file_ >= 0) ::close(file_);
}

tl::unexpected<Error> PurgeFile::error(const char* doing) const {
    return fail(ErrorCode::io, "can't " + std::string(doing) + " " + path_ + ": " + std::strerror(errno));
}

Result<std::string> PurgeFile::read() {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::string();
    if (file < 0) return error("open");
    struct stat about {};
    std::string bytes;
    if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode) ||
        static_cast<std::uint64_t>(about.st_size) > kMaxFileBytes) {
        ::close(file);
        return fail(ErrorCode::io, path_ + " is no regular file of at most 256 MiB");
    }
    bytes.resize(static_cast<std::size_t>(about.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(file, bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const auto problem = error("read");
            ::close(file);
            return problem;
        }
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    ::close(file);
    bytes.resize(have);
    return bytes;
}

Result<void> PurgeFile::append(std::string_view bytes) {
    if (!write_at(file_, bytes_, bytes) || ::fdatasync(file_) != 0) return error("write");
    bytes_ += bytes.size();
    return {};
}

Result<void> PurgeFile::replace(std::string_view content) {
    const std::string fresh = path_ + ".new";
    const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return error("create the successor of");
    if (!write_at(file, 0, content) || ::fdatasync(file) != 0 || ::rename(fresh.c_str(), path_.c_str()) != 0) {
        const auto problem = error("write the successor of");
        ::close(file);
        ::unlink(fresh.c_str());
        return problem;
    }
    if (file_ >= 0) ::close(file_);
    file_ = file;
    bytes_ = content.size();
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    const int parent = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return error("open the folder of");
    const bool synced = ::fsync(parent) == 0;
    const auto problem = error("flush the folder of");
    ::close(parent);
    if (!synced) return problem;
    return {};
}

}  // namespace weir::tiers
