// The signatures of TensorFlow's operations, read from its own registry.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace {

// Which arguments of an operation take a list, read from TensorFlow's own registry.
struct OpSignature {
  std::vector<bool> takes_list;
  std::vector<std::string> inferred_attributes;  // lengths and type lists that follow from the inputs
};

// A reader for the few protocol buffer fields the registry needs.
class ProtoReader {
 public:
  ProtoReader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}
  bool Next(uint32_t* field, uint32_t* wire) {
    if (at_ >= end_) return false;
    const uint64_t tag = Varint();
    *field = static_cast<uint32_t>(tag >> 3);
    *wire = static_cast<uint32_t>(tag & 7);
    return true;
  }
  ProtoReader Message() {
    const uint64_t size = Varint();
    ProtoReader inner(at_, size);
    at_ += size;
    return inner;
  }
  std::string String() {
    ProtoReader inner = Message();
    return std::string(reinterpret_cast<const char*>(inner.at_), inner.end_ - inner.at_);
  }
  void Skip(uint32_t wire) {
    if (wire == 0) Varint();
    else if (wire == 1) at_ += 8;
    else if (wire == 2) Message();
    else at_ += 4;
  }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; at_ < end_; shift += 7) {
      const uint8_t byte = *at_++;
      value |= uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80)) break;
    }
    return value;
  }
  const uint8_t* at_;
  const uint8_t* end_;
};

// tensorflow.OpDef.ArgDef: number_attr = 5, type_list_attr = 6. An argument that has either takes a list.
void ReadArgument(ProtoReader argument, OpSignature* signature) {
  bool list = false;
  uint32_t field, wire;
  while (argument.Next(&field, &wire)) {
    if (field == 5 || field == 6) {
      signature->inferred_attributes.push_back(argument.String());
      list = true;
    } else {
      argument.Skip(wire);
    }
  }
  signature->takes_list.push_back(list);
}

// tensorflow.OpList: op = 1. tensorflow.OpDef: name = 1, input_arg = 2.
const std::unordered_map<std::string, OpSignature>& Registry() {
  static const auto* registry = [] {
    auto* found = new std::unordered_map<std::string, OpSignature>();
    TF_Buffer* buffer = TF_GetAllOpList();
    ProtoReader list(static_cast<const uint8_t*>(buffer->data), buffer->length);
    uint32_t field, wire;
    while (list.Next(&field, &wire)) {
      if (field != 1) {
        list.Skip(wire);
        continue;
      }
      ProtoReader op = list.Message();
      std::string name;
      OpSignature signature;
      while (op.Next(&field, &wire)) {
        if (field == 1) name = op.String();
        else if (field == 2) ReadArgument(op.Message(), &signature);
        else op.Skip(wire);
      }
      found->emplace(name, signature);
    }
    TF_DeleteBuffer(buffer);
    return found;
  }();
  return *registry;
}

}  // namespace
