#include "admin/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "admin/json_object.h"

namespace weir::admin {
namespace {

constexpr std::size_t kMostSaidBytes = 4'096;  // a refused configuration may be told of at any length

std::string render(const AuditEntry& entry, bool whole) {
    std::string line;
    JsonObject object(line);
    object.whole("at_unix_us", entry.at_unix_micros);
    object.text("who", entry.who);
    object.text("role", entry.role);
    object.text("from", entry.from);
    object.text("method", entry.method);
    object.text("path", entry.path);
    object.whole("status", entry.status);
    if (!entry.said.empty()) object.text("said", std::string_view(entry.said).substr(0, kMostSaidBytes));
    if (whole && !entry.before.empty()) object.raw("before", entry.before);
    if (whole && !entry.after.empty()) object.raw("after", entry.after);
    object.end();
    return line + "\n";
}

tl::unexpected<Error> failed(const std::string& file) {
    return fail(ErrorCode::io, file + ": " + std::strerror(errno));
}

class Descriptor {
  public:
    Descriptor(const std::string& file, int flags) : value_(::open(file.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int value() const { return value_; }

  private:
    int value_;
};

// The file's last bytes, from a line's beginning on; empty where there is no file.
Result<std::string> tail_of(const std::string& file, std::size_t most) {
    const Descriptor from(file, O_RDONLY);
    if (from.value() < 0) {
        if (errno == ENOENT) return std::string();
        return failed(file);
    }
    const off_t size = lseek(from.value(), 0, SEEK_END);
    if (size < 0) return failed(file);
    const std::size_t wanted = std::min(most, static_cast<std::size_t>(size));
    std::string bytes(wanted, '\0');
    std::size_t got = 0;
    while (got < wanted) {
        const ssize_t more = pread(from.value(), bytes.data() + got, wanted - got,
                                   size - static_cast<off_t>(wanted) + static_cast<off_t>(got));
        if (more < 0 && errno == EINTR) continue;
        if (more < 0) return failed(file);
        if (more == 0) break;
        got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    if (wanted < static_cast<std::size_t>(size)) bytes.erase(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1);
    return bytes;
}

}  // namespace

Result<void> AuditLog::append(const AuditEntry& entry) {
    std::string line = render(entry, true);
    if (line.size() > kMostLineBytes) line = render(entry, false);
    const std::string name = file();
    struct stat is {};
    if (stat(name.c_str(), &is) == 0 && static_cast<std::size_t>(is.st_size) + line.size() > kMostFileBytes) {
        if (std::rename(name.c_str(), (folder_ + "/audit.1.jsonl").c_str()) != 0) return failed(name);
    }
    const Descriptor to(name, O_RDWR | O_CREAT | O_APPEND);
    if (to.value() < 0) return failed(name);
    // What a crash cut off ends here, so that this line is one of its own.
    const off_t size = lseek(to.value(), 0, SEEK_END);
    char last = '\n';
    if (size > 0 && pread(to.value(), &last, 1, size - 1) == 1 && last != '\n') line.insert(0, "\n");
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = write(to.value(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed(name);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fdatasync(to.value()) != 0) return failed(name);
    return {};
}

Result<std::string> AuditLog::latest(std::size_t most) const {
    std::vector<std::string> lines;  // newest first
    for (const std::string& name : {file(), folder_ + "/audit.1.jsonl"}) {
        const Result<std::string> bytes = tail_of(name, kMostReadBytes);
        if (!bytes) return tl::unexpected(bytes.error());
        std::string_view rest = *bytes;
        // What has no line end is being written, or was cut off by a crash.
        rest = rest.substr(0, rest.rfind('\n') == std::string_view::npos ? 0 : rest.rfind('\n'));
        while (!rest.empty() && lines.size() < most) {
            const std::size_t begin = rest.rfind('\n') == std::string_view::npos ? 0 : rest.rfind('\n') + 1;
            const std::string_view line = rest.substr(begin);
            if (std::vector<json::Member> members; json::members(line, members)) lines.emplace_back(line);
            rest = rest.substr(0, begin == 0 ? 0 : begin - 1);
        }
    }
    std::string out = "[";
    for (const std::string& line : lines) {
        if (out.size() > 1) out += ',';
        out += line;
    }
    return out + "]";
}

}  // namespace weir::admin
