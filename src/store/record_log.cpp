#include "store/record_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "base/log.h"

namespace weir::store {
namespace {

constexpr std::string_view kMagic = "weirlog1";
constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kHeadBytes = 24;  // magic, name
constexpr std::size_t kRecordHead = 8;  // length, check
constexpr std::size_t kMostRecord = 1u << 20;

std::string head_of(std::string_view name) {
    std::string head(kMagic);
    head += name.substr(0, kNameBytes);
    head.resize(kHeadBytes, '\0');
    return head;
}

void put_number(std::uint32_t value, std::string& out) {
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xff);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

std::uint32_t check_of(std::string_view record) {
    return static_cast<std::uint32_t>(short_digest(sha256(record)));
}

tl::unexpected<Error> io_error(const std::string& file, const char* doing) {
    return fail(ErrorCode::io, std::string("can't ") + doing + " " + file + ": " + std::strerror(errno));
}

Result<std::string> read_whole(const std::string& file, int from) {
    std::string bytes;
    struct stat status {};
    if (fstat(from, &status) != 0) return io_error(file, "read");
    bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t count = pread(from, bytes.data() + got, bytes.size() - got, static_cast<off_t>(got));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error(file, "read");
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

Result<void> write_whole(const std::string& file, int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(to, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error(file, "write");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

void put_record(std::string_view record, std::string& out) {
    put_number(static_cast<std::uint32_t>(record.size()), out);
    put_number(check_of(record), out);
    out += record;
}

// Calls `visit` with each good record and where its bytes begin; returns where they end.
template <class Visit>
std::size_t each_record(std::string_view bytes, Visit visit) {
    std::size_t at = kHeadBytes;
    while (bytes.size() - at >= kRecordHead) {
        const std::size_t length = number_at(bytes, at);
        if (length > kMostRecord || length > bytes.size() - at - kRecordHead) break;
        const std::string_view record = bytes.substr(at + kRecordHead, length);
        if (check_of(record) != number_at(bytes, at + 4)) break;
        visit(record, at);
        at += kRecordHead + length;
    }
    return at;
}

}  // namespace

Result<std::unique_ptr<RecordLog>> RecordLog::open(const Options& options,
                                                   const std::function<void(std::string_view record)>& visit) {
    std::unique_ptr<RecordLog> log(new RecordLog(options));
    log->file_ = ::open(options.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
    if (log->file_ < 0) return io_error(options.file, "open");
    const Result<std::string> bytes = read_whole(options.file, log->file_);
    if (!bytes) return tl::unexpected(bytes.error());
    const std::string head = head_of(options.name);
    if (bytes->size() < kHeadBytes && head.starts_with(*bytes)) {  // new, or cut short at birth
        if (ftruncate(log->file_, 0) != 0) return io_error(options.file, "write");
        if (auto written = write_whole(options.file, log->file_, head); !written)
            return tl::unexpected(written.error());
        log->bytes_ = kHeadBytes;
        return log;
    }
    if (!bytes->starts_with(head)) {
        return fail(ErrorCode::invalid, options.file + " is not a log of '" + options.name + "' of this version");
    }
    const std::size_t good = each_record(*bytes, [&](std::string_view record, std::size_t) { visit(record); });
    if (good < bytes->size()) {
        log_warning(options.file + ": " + std::to_string(bytes->size() - good) +
                    " bytes at its end can't be read; dropped");
        if (ftruncate(log->file_, static_cast<off_t>(good)) != 0) return io_error(options.file, "write");
    }
    log->bytes_ = good;
    return log;
}

Result<void> RecordLog::read(const Options& options, const std::function<void(std::string_view record)>& visit) {
    const int file = ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return fail(ErrorCode::not_found, "there is no " + options.file);
    if (file < 0) return io_error(options.file, "open");
    const Result<std::string> bytes = read_whole(options.file, file);
    close(file);
    if (!bytes) return tl::unexpected(bytes.error());
    const std::string head = head_of(options.name);
    if (bytes->size() < kHeadBytes && head.starts_with(*bytes)) return {};  // new, or cut short at birth
    if (!bytes->starts_with(head)) {
        return fail(ErrorCode::invalid, options.file + " is not a log of '" + options.name + "' of this version");
    }
    each_record(*bytes, [&](std::string_view record, std::size_t) { visit(record); });
    return {};
}

RecordLog::~RecordLog() {
    if (file_ >= 0) close(file_);
}

Result<void> RecordLog::append(std::string_view record) {
    if (record.size() > kMostRecord) return fail(ErrorCode::too_large, "a record of more than 1 MiB");
    std::string bytes;
    bytes.reserve(kRecordHead + record.size());
    put_record(record, bytes);
    if (auto written = write_whole(options_.file, file_, bytes); !written) {
        // Half a record would hide all that follow.
        if (ftruncate(file_, static_cast<off_t>(bytes_)) != 0) return io_error(options_.file, "mend");
        return written;
    }
    bytes_ += bytes.size();
    return bytes_ > options_.most_bytes ? halve() : Result<void>{};
}

Result<void> RecordLog::halve() {
    const Result<std::string> bytes = read_whole(options_.file, file_);
    if (!bytes) return tl::unexpected(bytes.error());
    std::size_t cut = 0;
    const std::size_t good = each_record(*bytes, [&](std::string_view, std::size_t at) {
        if (cut == 0 && at >= bytes->size() / 2) cut = at;
    });
    if (cut == 0) cut = good;
    return replace(std::string_view(*bytes).substr(cut, good - cut));
}

Result<void> RecordLog::rewrite(std::string_view first, const std::function<bool(std::string_view record)>& keep) {
    if (first.size() > kMostRecord) return fail(ErrorCode::too_large, "a record of more than 1 MiB");
    const Result<std::string> bytes = read_whole(options_.file, file_);
    if (!bytes) return tl::unexpected(bytes.error());
    std::string records;
    put_record(first, records);
    each_record(*bytes, [&](std::string_view record, std::size_t at) {
        if (keep(record)) records += std::string_view(*bytes).substr(at, kRecordHead + record.size());
    });
    return replace(records);
}

Result<void> RecordLog::replace(std::string_view records) {
    const std::string temporary = options_.file + ".new";
    const int to = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);
    if (to < 0) return io_error(temporary, "open");
    Result<void> written = write_whole(temporary, to, head_of(options_.name));
    if (written) written = write_whole(temporary, to, records);
    if (written && fsync(to) != 0) written = io_error(temporary, "write");
    if (written && rename(temporary.c_str(), options_.file.c_str()) != 0) written = io_error(temporary, "rename");
    if (!written) {
        close(to);
        unlink(temporary.c_str());
        return written;
    }
    close(file_);
    file_ = to;
    bytes_ = kHeadBytes + records.size();
    return {};
}

}  // namespace weir::store
