#include "base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kPiece = 1u << 20;

// Calls `each` with every piece, until it is false.
Result<FileDigest> read_pieces(const std::string& file, const std::function<bool(std::string_view)>& each) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::io, file + ": " + std::strerror(errno));
    std::vector<char> block(kPiece);
    Sha256 hash;
    FileDigest digest;
    while (in.read(block.data(), kPiece) || in.gcount() > 0) {
        const std::string_view piece(block.data(), static_cast<std::size_t>(in.gcount()));
        hash.update(piece);
        digest.bytes += piece.size();
        if (!each(piece)) return digest;
    }
    if (in.bad()) return fail(ErrorCode::io, file + ": can't be read");
    digest.sha256 = hash.finish();
    return digest;
}

// write() until all is out.
bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

}  // namespace

Result<void> write_file(const std::string& file, std::string_view bytes) {
    const std::string beside = file + ".part" + std::to_string(getpid());
    const auto problem = [&] {
        const std::string why = std::strerror(errno);
        std::remove(beside.c_str());
        return fail(ErrorCode::io, file + ": " + why);
    };
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out.close();
        if (!out) return problem();
    }
    if (std::rename(beside.c_str(), file.c_str()) != 0) return problem();
    return {};
}

Result<void> write_file_durably(const std::string& file, std::string_view bytes) {
    const std::string beside = file + ".part" + std::to_string(getpid());
    const auto problem = [&] {
        const std::string why = std::strerror(errno);
        std::remove(beside.c_str());
        return fail(ErrorCode::io, file + ": " + why);
    };
    const int out = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0) return problem();
    const bool written = write_all(out, bytes) && ::fsync(out) == 0;
    if ((::close(out) != 0) | !written) return problem();
    if (std::rename(beside.c_str(), file.c_str()) != 0) return problem();
    const std::size_t slash = file.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
    const int of = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (of < 0) return fail(ErrorCode::io, folder + ": " + std::strerror(errno));
    const bool synced = ::fsync(of) == 0;
    ::close(of);
    if (!synced) return fail(ErrorCode::io, folder + ": " + std::strerror(errno));
    return {};
}

Result<std::string> read_file(const std::string& file, std::size_t most_bytes) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::io, file + ": " + std::strerror(errno));
    std::string bytes;
    char block[65536];
    while (in.read(block, sizeof block) || in.gcount() > 0) {
        bytes.append(block, static_cast<std::size_t>(in.gcount()));
        if (bytes.size() > most_bytes) return fail(ErrorCode::too_large, file + ": it has too many bytes");
    }
    if (in.bad()) return fail(ErrorCode::io, file + ": can't be read");
    return bytes;
}

Result<FileDigest> digest_file(const std::string& file) {
    return read_pieces(file, [](std::string_view) { return true; });
}

Result<FileDigest> copy_file(const std::string& from, const std::string& to) {
    const int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (out < 0) return fail(ErrorCode::io, to + ": " + std::strerror(errno));
    std::string problem;
    const auto check = [&](bool good) {
        if (!good && problem.empty()) problem = std::strerror(errno);
        return good;
    };
    Result<FileDigest> digest = read_pieces(from, [&](std::string_view piece) { return check(write_all(out, piece)); });
    if (digest) check(::fsync(out) == 0);
    check(::close(out) == 0);
    if (digest && !problem.empty()) digest = fail(ErrorCode::io, to + ": " + problem);
    if (!digest) std::remove(to.c_str());
    return digest;
}

}  // namespace weir
