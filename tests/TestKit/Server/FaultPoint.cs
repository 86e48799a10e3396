namespace TestKit;

internal enum FaultPoint
{
    None,
    Answer,
    Refused,
    Dropped,
    Hang,
    AnswerLost,
    HangAfter,
}
