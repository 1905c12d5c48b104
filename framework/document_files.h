// The result documents that a command is given: files, and folders of them.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "framework/result.h"

namespace bv2 {

/// The document itself, or every *_benchmark_*.json below the folder, in the order of their paths. Throws
/// UsageError where there is none.
std::vector<std::filesystem::path> document_paths(const std::filesystem::path& operand);

struct DocumentFile {
  std::filesystem::path path;
  BenchmarkDocument document;
};

/// The documents of all operands, each once, oldest first (by the time of their first scenario, then by
/// path). Reads on all processors. Throws UsageError as document_paths and read_benchmark_document do.
std::vector<DocumentFile> read_documents(std::span<const std::filesystem::path> operands);

}  // namespace bv2
