fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::identity::appoint_administrator::FUNCTION)
}
