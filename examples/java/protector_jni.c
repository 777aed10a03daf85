/*
 * What Protector.java calls. Text crosses as UTF-8 in byte arrays, since what JNI calls UTF-8 is another code.
 */
#include "protector.h"

#include <jni.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* To be freed; NULL stays NULL, which the library refuses by name where it must not be. */
static char *text_of(JNIEnv *env, jbyteArray bytes)
{
    jsize length = bytes == NULL ? 0 : (*env)->GetArrayLength(env, bytes);
    char *text = bytes == NULL ? NULL : malloc((size_t)length + 1);
    if (text != NULL) {
        (*env)->GetByteArrayRegion(env, bytes, 0, length, (jbyte *)text);
        text[length] = '\0';
    }
    return text;
}

/* NULL with an OutOfMemoryError pending if there is no room. */
static jbyteArray bytes_of(JNIEnv *env, const char *text)
{
    jsize length = text == NULL ? 0 : (jsize)strlen(text);
    jbyteArray bytes = text == NULL ? NULL : (*env)->NewByteArray(env, length);
    if (bytes != NULL) {
        (*env)->SetByteArrayRegion(env, bytes, 0, length, (const jbyte *)text);
    }
    return bytes;
}

static void throw_error(JNIEnv *env, protector_status status, const protector_error *error)
{
    jclass type = (*env)->FindClass(env, "ProtectorException");
    jmethodID make = type == NULL ? NULL : (*env)->GetMethodID(env, type, "<init>", "(I[B[B[BZ)V");
    jobject thrown = make == NULL ? NULL
                                  : (*env)->NewObject(env, type, make, (jint)status,
                                                      bytes_of(env, protector_error_code(error)),
                                                      bytes_of(env, protector_error_message(error)),
                                                      bytes_of(env, protector_error_remedy(error)),
                                                      (jboolean)protector_error_retryable(error));
    if (thrown != NULL) {
        (*env)->Throw(env, thrown);
    }
}

/* The result of a call, or its error as an exception; both are freed. */
static jbyteArray answer(JNIEnv *env, protector_status status, char *result, protector_error *error)
{
    jbyteArray bytes = NULL;
    if (status == PROTECTOR_STATUS_OK) {
        bytes = bytes_of(env, result);
    } else {
        throw_error(env, status, error);
    }
    protector_string_free(result);
    protector_error_free(error);
    return bytes;
}

static protector_engine *engine_of(jlong handle)
{
    return (protector_engine *)(intptr_t)handle;
}

JNIEXPORT jlong JNICALL Java_Protector_openText(JNIEnv *env, jclass type, jbyteArray configuration, jbyteArray site)
{
    char *texts[] = {text_of(env, configuration), text_of(env, site)};
    protector_engine *engine;
    protector_error *error;
    protector_status status = protector_engine_open_text(texts[0], texts[1], &engine, &error);
    (void)type;
    if (status != PROTECTOR_STATUS_OK) {
        throw_error(env, status, error);
    }
    protector_error_free(error);
    free(texts[0]);
    free(texts[1]);
    return (jlong)(intptr_t)engine;
}

JNIEXPORT void JNICALL Java_Protector_free(JNIEnv *env, jclass type, jlong handle)
{
    (void)env, (void)type;
    protector_engine_free(engine_of(handle));
}

/* A function of the engine and one text. */
#define ONE_TEXT(NAME, FUNCTION)                                                                                     \
    JNIEXPORT jbyteArray JNICALL Java_Protector_##NAME(JNIEnv *env, jclass type, jlong handle, jbyteArray first)     \
    {                                                                                                                \
        char *text = text_of(env, first), *result;                                                                   \
        protector_error *error;                                                                                      \
        protector_status status = FUNCTION(engine_of(handle), text, &result, &error);                                \
        (void)type;                                                                                                  \
        free(text);                                                                                                  \
        return answer(env, status, result, error);                                                                   \
    }

/* A function of the engine and two texts. */
#define TWO_TEXTS(NAME, FUNCTION)                                                                                    \
    JNIEXPORT jbyteArray JNICALL Java_Protector_##NAME(JNIEnv *env, jclass type, jlong handle, jbyteArray first,     \
                                                       jbyteArray second)                                            \
    {                                                                                                                \
        char *texts[] = {text_of(env, first), text_of(env, second)}, *result;                                        \
        protector_error *error;                                                                                      \
        protector_status status = FUNCTION(engine_of(handle), texts[0], texts[1], &result, &error);                  \
        (void)type;                                                                                                  \
        free(texts[0]);                                                                                              \
        free(texts[1]);                                                                                              \
        return answer(env, status, result, error);                                                                   \
    }

ONE_TEXT(mockServers, protector_engine_mock_servers)
ONE_TEXT(protectionGroupCreate, protector_protection_group_create)
TWO_TEXTS(policyCreate, protector_policy_create)
TWO_TEXTS(memberAdd, protector_member_add)
TWO_TEXTS(operationPlan, protector_operation_plan)
ONE_TEXT(operationAccept, protector_operation_accept)
ONE_TEXT(operationReport, protector_operation_report)

JNIEXPORT jbyteArray JNICALL Java_Protector_reportText(JNIEnv *env, jclass type, jbyteArray report)
{
    char *text = text_of(env, report), *result;
    protector_error *error;
    protector_status status = protector_report_text(text, &result, &error);
    (void)type;
    free(text);
    return answer(env, status, result, error);
}

/* A consumer of Java, and what it threw. */
struct listener {
    JNIEnv *env;
    jobject consumer;
    jmethodID accept;
    jthrowable thrown;
    protector_cancel *cancel;
};

/* On the thread that called run, so that its environment is ours. */
static void hear(const char *event_json, void *user_data)
{
    struct listener *listener = user_data;
    JNIEnv *env = listener->env;
    if (listener->thrown != NULL) {
        return;
    }
    jbyteArray event = bytes_of(env, event_json);
    if (event != NULL) {
        (*env)->CallVoidMethod(env, listener->consumer, listener->accept, event);
        /* long operations have more events than a frame of Java has room for references */
        (*env)->DeleteLocalRef(env, event);
    }
    listener->thrown = (*env)->ExceptionOccurred(env);
    if (listener->thrown != NULL) {
        (*env)->ExceptionClear(env);
        protector_cancel_request(listener->cancel);
    }
}

JNIEXPORT jbyteArray JNICALL Java_Protector_operationRun(JNIEnv *env, jclass type, jlong handle, jbyteArray operation,
                                                         jobject consumer)
{
    struct listener listener = {.env = env, .consumer = consumer};
    protector_error *error;
    char *text, *result = NULL;
    jclass consumers = (*env)->FindClass(env, "java/util/function/Consumer");
    (void)type;
    if (consumers == NULL
        || (listener.accept = (*env)->GetMethodID(env, consumers, "accept", "(Ljava/lang/Object;)V")) == NULL) {
        return NULL;
    }
    protector_status status = protector_cancel_new(&listener.cancel, &error);
    if (status == PROTECTOR_STATUS_OK) {
        text = text_of(env, operation);
        status = protector_operation_run(engine_of(handle), text, consumer == NULL ? NULL : hear, &listener,
                                         listener.cancel, &result, &error);
        free(text);
        protector_cancel_free(listener.cancel);
    }
    if (listener.thrown != NULL) {
        (*env)->Throw(env, listener.thrown);
        protector_string_free(result);
        protector_error_free(error);
        return NULL;
    }
    return answer(env, status, result, error);
}
