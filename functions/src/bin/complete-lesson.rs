fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::learning::complete_lesson::FUNCTION)
}
