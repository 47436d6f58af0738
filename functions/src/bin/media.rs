fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::media::get::FUNCTION)
}
