#include "base/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace weir {

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

}  // namespace weir
