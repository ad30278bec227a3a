// Symbolic tracing for the TensorFlow.js addon.
//
// The package's own binding runs one eager operation at a time. This file adds six methods beside it, without patching
// it: operations go into a TF_Graph that infers types and shapes and computes nothing, and the finished graph becomes a
// TensorFlow function that the package's `executeOp` runs under its name. Only the stable C API is used.
//
//   traceBegin()                                  starts an empty graph
//   tracePlaceholder(shape, dtype)                -> { id, shape, dtype }
//   traceConstant(shape, dtype, typedArray)       -> { id, shape, dtype }
//   traceOp(name, attributes, inputIds, outputs)  -> [{ id, shape, dtype }]
//   traceFunction(name, inputIds, outputIds, xla) registers the graph as a function
//   traceEnd()                                    forgets the graph
//
// Ids of symbolic tensors start at 2^40, so that no eager tensor can be mistaken for one.
#include <node_api.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "js_values.h"
#include "op_registry.h"

// The package registers its module with this macro; ours is registered below, over the same exports.
#undef NAPI_MODULE
#define NAPI_MODULE(name, init)
#include "tfjs_binding.cc"
#undef NAPI_MODULE

namespace {

// The package keeps its eager context private. The build renames its call of TFE_NewContext to our wrapper at the end of
// this file (kit/setup/steps/addon.mjs).
TFE_Context* eager_context = nullptr;

constexpr int64_t kFirstSymbolicId = int64_t{1} << 40;

struct Status {
  TF_Status* status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool ok() const { return TF_GetCode(status) == TF_OK; }
  const char* message() const { return TF_Message(status); }
};

// One trace at a time: the caller (kit/engine/trace.ts) inlines nested ones.
struct Trace {
  TF_Graph* graph = TF_NewGraph();
  std::vector<TF_Output> outputs;
  uint64_t nodes = 0;
  ~Trace() { TF_DeleteGraph(graph); }
  std::string NextName() { return "n" + std::to_string(nodes++); }
  bool Find(int64_t id, TF_Output* output) const {
    const int64_t index = id - kFirstSymbolicId;
    if (index < 0 || index >= static_cast<int64_t>(outputs.size())) return false;
    *output = outputs[index];
    return true;
  }
};
std::unique_ptr<Trace> trace;

napi_value Fail(napi_env env, const std::string& where, const std::string& why) {
  napi_throw_error(env, nullptr, (where + ": " + why).c_str());
  return nullptr;
}

// Remembers an output and describes it as the package describes an eager tensor.
napi_value Describe(napi_env env, TF_Output output) {
  Status status;
  const std::string op = TF_OperationOpType(output.oper);
  const int rank = TF_GraphGetTensorNumDims(trace->graph, output, status.status);
  if (rank < 0) return Fail(env, op, "its output has no known rank");
  std::vector<int64_t> dims(rank);
  TF_GraphGetTensorShape(trace->graph, output, dims.data(), rank, status.status);
  napi_value shape, result, number;
  napi_create_array_with_length(env, rank, &shape);
  for (int i = 0; i < rank; ++i) {
    if (dims[i] < 0) return Fail(env, op, "its output has an unknown dimension");
    napi_create_int64(env, dims[i], &number);
    napi_set_element(env, shape, i, number);
  }
  napi_create_object(env, &result);
  napi_create_int64(env, kFirstSymbolicId + static_cast<int64_t>(trace->outputs.size()), &number);
  napi_set_named_property(env, result, "id", number);
  napi_set_named_property(env, result, "shape", shape);
  napi_create_int32(env, TF_OperationOutputType(output), &number);
  napi_set_named_property(env, result, "dtype", number);
  trace->outputs.push_back(output);
  return result;
}

napi_value TraceBegin(napi_env env, napi_callback_info) {
  if (trace) return Fail(env, "traceBegin", "another trace is open");
  trace = std::make_unique<Trace>();
  return nullptr;
}

napi_value TraceEnd(napi_env, napi_callback_info) {
  trace.reset();
  return nullptr;
}

napi_value TracePlaceholder(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Status status;
  const std::vector<int64_t> shape = Integers(env, arguments.at[0]);
  TF_OperationDescription* op = TF_NewOperation(trace->graph, "Placeholder", trace->NextName().c_str());
  TF_SetAttrType(op, "dtype", static_cast<TF_DataType>(Integer(env, arguments.at[1])));
  TF_SetAttrShape(op, "shape", shape.data(), static_cast<int>(shape.size()));
  TF_Operation* node = TF_FinishOperation(op, status.status);
  if (!status.ok()) return Fail(env, "Placeholder", status.message());
  return Describe(env, {node, 0});
}

napi_value TraceConstant(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  Status status;
  const std::vector<int64_t> shape = Integers(env, arguments.at[0]);
  const TF_DataType dtype = static_cast<TF_DataType>(Integer(env, arguments.at[1]));
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, arguments.at[2], &type, &length, &data, nullptr, nullptr) != napi_ok) {
    return Fail(env, "Const", "its value is not a typed array");
  }
  const size_t bytes = length * TF_DataTypeSize(dtype);
  TF_Tensor* value = TF_AllocateTensor(dtype, shape.data(), static_cast<int>(shape.size()), bytes);
  if (TF_TensorByteSize(value) != bytes) {
    TF_DeleteTensor(value);
    return Fail(env, "Const", "its value and its shape disagree");
  }
  if (bytes > 0) std::memcpy(TF_TensorData(value), data, bytes);
  TF_OperationDescription* op = TF_NewOperation(trace->graph, "Const", trace->NextName().c_str());
  TF_SetAttrType(op, "dtype", dtype);
  TF_SetAttrTensor(op, "value", value, status.status);
  TF_Operation* node = TF_FinishOperation(op, status.status);
  TF_DeleteTensor(value);
  if (!status.ok()) return Fail(env, "Const", status.message());
  return Describe(env, {node, 0});
}

// Adds the inputs in the order of the operation's definition; its one list argument takes what the others leave.
bool AddInputs(TF_OperationDescription* op, const OpSignature& signature, const std::vector<TF_Output>& inputs) {
  size_t lists = 0;
  for (const bool list : signature.takes_list) lists += list;
  const size_t singles = signature.takes_list.size() - lists;
  if (inputs.size() < singles || lists > 1 || (lists == 0 && inputs.size() != singles)) return false;
  size_t next = 0;
  for (const bool list : signature.takes_list) {
    if (!list) {
      TF_AddInput(op, inputs[next++]);
      continue;
    }
    const size_t count = inputs.size() - singles;
    TF_AddInputList(op, inputs.data() + next, static_cast<int>(count));
    next += count;
  }
  return true;
}

void SetAttribute(napi_env env, TF_OperationDescription* op, const std::string& name, int type, napi_value value) {
  switch (type) {
    case TF_ATTR_STRING: {
      const std::string text = Text(env, value);
      TF_SetAttrString(op, name.c_str(), text.data(), text.size());
      break;
    }
    case TF_ATTR_INT:
      if (IsArray(env, value)) {
        const std::vector<int64_t> numbers = Integers(env, value);
        TF_SetAttrIntList(op, name.c_str(), numbers.data(), static_cast<int>(numbers.size()));
      } else {
        TF_SetAttrInt(op, name.c_str(), Integer(env, value));
      }
      break;
    case TF_ATTR_FLOAT:
      TF_SetAttrFloat(op, name.c_str(), static_cast<float>(Number(env, value)));
      break;
    case TF_ATTR_BOOL:
      TF_SetAttrBool(op, name.c_str(), Boolean(env, value));
      break;
    case TF_ATTR_TYPE:
      TF_SetAttrType(op, name.c_str(), static_cast<TF_DataType>(Integer(env, value)));
      break;
    case TF_ATTR_SHAPE: {
      const std::vector<int64_t> shape = Integers(env, value);
      TF_SetAttrShape(op, name.c_str(), shape.data(), static_cast<int>(shape.size()));
      break;
    }
    default:
      break;
  }
}

napi_value TraceOp(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  Status status;
  const std::string name = Text(env, arguments.at[0]);
  const auto known = Registry().find(name);
  if (known == Registry().end()) return Fail(env, name, "TensorFlow has no such operation");
  const OpSignature& signature = known->second;

  std::vector<TF_Output> inputs(Length(env, arguments.at[2]));
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    if (!trace->Find(Integer(env, Element(env, arguments.at[2], i)), &inputs[i])) {
      return Fail(env, name, "an input does not belong to this trace");
    }
  }
  TF_OperationDescription* op = TF_NewOperation(trace->graph, name.c_str(), trace->NextName().c_str());
  const bool fits = AddInputs(op, signature, inputs);
  for (uint32_t i = 0, n = Length(env, arguments.at[1]); i < n; ++i) {
    const napi_value attribute = Element(env, arguments.at[1], i);
    const std::string key = Text(env, Property(env, attribute, "name"));
    bool inferred = false;
    for (const std::string& other : signature.inferred_attributes) inferred |= other == key;
    if (inferred) continue;
    const int type = static_cast<int>(Integer(env, Property(env, attribute, "type")));
    SetAttribute(env, op, key, type, Property(env, attribute, "value"));
  }
  // A description must be finished even when it is wrong, or it leaks.
  TF_Operation* node = TF_FinishOperation(op, status.status);
  if (!fits) return Fail(env, name, "it got " + std::to_string(inputs.size()) + " inputs, which its definition does not take");
  if (!status.ok()) return Fail(env, name, status.message());

  const uint32_t outputs = static_cast<uint32_t>(Integer(env, arguments.at[3]));
  napi_value result;
  napi_create_array_with_length(env, outputs, &result);
  for (uint32_t i = 0; i < outputs; ++i) {
    const napi_value described = Describe(env, {node, static_cast<int>(i)});
    if (described == nullptr) return nullptr;
    napi_set_element(env, result, i, described);
  }
  return result;
}

napi_value TraceFunction(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  Status status;
  const std::string name = Text(env, arguments.at[0]);
  std::vector<TF_Output> ends[2];
  for (int side = 0; side < 2; ++side) {
    for (const int64_t id : Integers(env, arguments.at[1 + side])) {
      TF_Output output;
      if (!trace->Find(id, &output)) return Fail(env, name, "an end of the function does not belong to this trace");
      ends[side].push_back(output);
    }
  }
  TF_Function* function = TF_GraphToFunction(trace->graph, name.c_str(), 0, -1, nullptr, static_cast<int>(ends[0].size()),
                                             ends[0].data(), static_cast<int>(ends[1].size()), ends[1].data(), nullptr,
                                             nullptr, nullptr, status.status);
  if (!status.ok()) return Fail(env, name, status.message());
  if (Boolean(env, arguments.at[3])) {
    const char yes[] = {0x28, 0x01};  // tensorflow.AttrValue { b: true }
    TF_FunctionSetAttrValueProto(function, "_XlaMustCompile", yes, sizeof yes, status.status);
  }
  if (status.ok()) TFE_ContextAddFunction(eager_context, function, status.status);
  TF_DeleteFunction(function);
  if (!status.ok()) return Fail(env, name, status.message());
  return nullptr;
}

}  // namespace

extern "C" {
TFE_Context* __real_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status);
TFE_Context* __wrap_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status) {
  eager_context = __real_TFE_NewContext(options, status);
  return eager_context;
}
}

NAPI_MODULE_INIT() {
  tfnodejs::InitTFNodeJSBinding(env, exports);
  const struct {
    const char* name;
    napi_callback callback;
  } methods[] = {{"traceBegin", TraceBegin},       {"tracePlaceholder", TracePlaceholder}, {"traceConstant", TraceConstant},
                 {"traceOp", TraceOp},             {"traceFunction", TraceFunction},       {"traceEnd", TraceEnd}};
  for (const auto& method : methods) {
    napi_value function;
    napi_create_function(env, method.name, NAPI_AUTO_LENGTH, method.callback, nullptr, &function);
    napi_set_named_property(env, exports, method.name, function);
  }
  return exports;
}
